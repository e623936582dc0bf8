"""What did training change? Numbers and figures, from plain data, never from a run or a tensor."""
