"""Which split is a file, folder, sheet or column named by: training, validation or test?"""

from __future__ import annotations

import re
import unicodedata

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
_OTHER_WORDS = {
    "trainingsdaten": "train", "entrainement": "train", "apprentissage": "train", "entrenamiento": "train",
    "treino": "train", "treinamento": "train", "addestramento": "train", "обучение": "train", "训练": "train",
    "validierung": "valid", "validacion": "valid", "validacao": "valid", "validazione": "valid", "валидация": "valid",
    "验证": "valid", "testdaten": "test", "prueba": "test", "teste": "test", "тест": "test", "测试": "test",
}  # fmt: skip
"""Words for splits in other languages, without accents."""
SPLITS = frozenset(
    (
        "train",
        "training",
        "test",
        "testing",
        "holdout",
        "validation",
        "valid",
        "val",
        "dev",
        "eval",
        "evaluation",
        "testa",
        "testb",
    )
)


def split_of(name: str) -> str:
    """Return the split that a file, folder or sheet is named by, such as "train" in "data/train-00000"; else nothing.

    The last word that names one counts: "test" in "training/test.csv".
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(sign))
    words = [word.removesuffix("set").removesuffix("集") or word for word in re.findall(r"[^\W\d_]+", plain)]
    words = [_OTHER_WORDS.get(word, word) for word in words]
    return next((word for word in reversed(words) if word in SPLITS), "")
