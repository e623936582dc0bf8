"""What are the columns of a prompt, its context and its answer called?"""

from __future__ import annotations

from ia3_studio.data.column_names import bare_name

ORDERED_NAMES = (
    "prompt", "instruction", "input",
    "instrucción", "instrução", "instruccion", "instrucao", "anweisung", "instruktion", "consigne", "istruzione",
    "instructie", "opdracht", "polecenie", "instrukcja", "pokyn", "инструкция", "задание", "інструкція", "指令", "指示",
    "명령어", "지시", "지시문", "talimat", "yönerge", "التعليمات", "instruksi", "hướng dẫn",
)  # fmt: skip
"""What is ordered rather than asked."""
PROMPT_NAMES = (
    "prompt", "question", "instruction", "query", "user", "source", "problem", "questions", "prompts", "human", "asked",
    "question_text", "frage", "pregunta", "domanda", "pergunta", "вопрос", "问题", "問題", "質問", "질문", "问", "問",
    "soru", "vraag", "pytanie", "otázka", "fråga", "ask", "docstring",
    *ORDERED_NAMES[3:],
)  # fmt: skip
CONTEXT_NAMES = (
    "input", "context", "passage", "inputs", "entrada", "eingabe", "entrée", "entree", "ingresso", "invoer", "wejście",
    "vstup", "ввод", "вход", "输入", "輸入", "入力", "입력", "girdi", "المدخل", "masukan",
)  # fmt: skip
LONG_CONTEXTS = (
    "article", "story", "paragraph", "document", "background", "reference_text", "excerpt", "contexts", "body",
    "story_text", "passage_text", "question_content", "question_body", "question_details", "details", "selftext",
)  # fmt: skip
"""Columns that stand beside a prompt as its context if they hold longer texts than it."""
ASKED_ABOUT = (
    "note", "notes", "plot", "content", "tweet", "text", "transcript", "report", "chapter", "section", "abstract",
)  # fmt: skip
"""Other columns of texts that a question beside them is about, where it is much shorter; answers elsewhere."""
ANSWER_NAMES = (
    "answer", "response", "output", "completion", "reply", "assistant", "target", "solution", "answers", "responses",
    "outputs", "completions", "summary", "highlights", "bot", "targets", "best_answer", "canonical_solution",
    "human_reference", "correct_answer", "gold_answer", "solutions", "ground_truth", "ground_truth_answer", "ideal",
    "generation_gt", "tldr", "ans", "expected_output", "expected_answer",
    "expected_response", "expected", "extraction", "extracted_data", "extracted",
    "extracted_json", "json_output", "structured_output", "output_json",
    "continuation", "continuations", "target_value", "reference_answer", "model_answer", "final_answer",
    "answer_key", "reference_code", "answer_text", "antwort", "respuesta", "réponse", "reponse",
    "risposta", "resposta", "salida", "saída", "saida", "sortie", "ausgabe", "uitvoer", "wyjście", "вывод", "çıktı",
    "输出", "輸出", "出力", "출력", "ответ", "выход", "вихід", "答案", "回答", "답변", "答", "cevap", "antwoord",
    "odpowiedź", "svar",
)  # fmt: skip
TEXT_ANSWER_NAMES = (
    "code", "snippet", "sql", "sql_query", "corrections", "correction", "corrected", "simplifications",
    "simplification", "simplified", "paraphrase", "paraphrases", "rewrite", "rewritten", "references", "reference",
    "translation", "translations", "definition", "gloss", "meaning", "keyphrases", "rationale", "explanation",
    "reasoning", "regex", "regexp",
    "cypher", "sparql", "xpath", "formula", "latex", "bash",
)  # fmt: skip
"""Columns that are answers if they hold texts rather than codes, classes or objects."""
TEXT_ANSWERS = (*TEXT_ANSWER_NAMES, *(f"{name}_text" for name in TEXT_ANSWER_NAMES))
READ_NAMES = (
    "article",
    "document",
    "dialogue",
    "dialog",
    "text",
    "content",
    "body",
    "abstract",
    "documents",
    "articles",
    "story",
)
"""Columns of a text that is read where another column is an answer, such as a summary."""
NUMBERED = (
    "answer1", "response1", "reference1", "summary1", "output1", "target1", "ref1",
    "paraphrase1", "translation1", "simplification1", "correction1", "rewrite1", "definition1",
)  # fmt: skip
"""The first of several answers in columns of their own."""
FROM_WHERE = frozenset(("source", "user", "human"))
"""Names of prompts that as often say where a row is from."""
TITLES = frozenset(("title", "headline", "name", "subject"))
"""Columns that stand above a text, so that an answer was hardly written for them."""
NO_ANSWERS = frozenset(
    map(bare_name, ("question", "query", "prompt", "instruction", *CONTEXT_NAMES, *LONG_CONTEXTS))
) - {"story"}
"""Names of columns that are no answers."""
