"""From a file to tokens: table, examples, token rows; and the starter data of the project's own."""
