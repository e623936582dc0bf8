"""Which split is a file, folder, sheet or column named by: training, validation or test?"""

from __future__ import annotations

import re
import unicodedata

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
ORIGIN = "origin"
"""The column of the name of the file or sheet that a row is from."""
TRAINING = ("train", "training")
_OTHER_WORDS = {
    "trainingsdaten": "train", "entrainement": "train", "apprentissage": "train", "entrenamiento": "train",
    "treino": "train", "treinamento": "train", "addestramento": "train", "обучение": "train", "训练": "train",
    "validierung": "valid", "validacion": "valid", "validacao": "valid", "validazione": "valid", "валидация": "valid",
    "trn": "train", "tst": "test", "devtest": "test", "traindata": "train", "trainingdata": "train", "testdata": "test",
    "validationdata": "valid", "验证": "valid", "testdaten": "test", "prueba": "test", "teste": "test",
    "тест": "test", "测试": "test",
}  # fmt: skip
"""Words for splits in other languages, without accents, and short or joined ones."""
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word ends inside a name such as labeledTrainData."""
_HELD_OUT = re.compile(r"\bheld[\W_]{1,3}out\b|(?<=_)held[\W_]{1,3}out")
_WITHOUT_LABELS = ("unlabel", "unsup")
"""How words begin that say of a part of the training data that it has no labels."""
SPLITS = frozenset(
    (
        "train",
        "training",
        "test",
        "testing",
        "holdout",
        "heldout",
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

    The last word that names one counts: "test" in "training/test.csv". Rows without labels are of none.
    """
    lower = _HELD_OUT.sub("heldout", _JOINTS.sub(" ", name).lower())
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(sign))
    words = [word.removesuffix("set").removesuffix("集") or word for word in re.findall(r"[^\W\d_]+", plain)]
    if any(word.startswith(_WITHOUT_LABELS) for word in words):
        return ""
    words = [_OTHER_WORDS.get(word, word) for word in words]
    return next((word for word in reversed(words) if word in SPLITS), "")
