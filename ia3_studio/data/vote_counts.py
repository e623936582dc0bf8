"""Does a column count what others did with a text, such as votes, rather than judge it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, named
from ia3_studio.data.column_profile import Profile, cells_of
from ia3_studio.data.measurements import number_of

if TYPE_CHECKING:
    import pandas as pd

_COUNTED = frozenset(
    ("likes", "upvotes", "downvotes", "ups", "downs", "votes", "views", "retweets", "shares", "karma", "favorites",
     "replies", "helpful", "impressions", "clicks", "reach", "plays", "downloads", "reactions",
     "claps", "num", "count", "counts", "comments", "followers")
)  # fmt: skip
"""Words in names of columns that count what others did with a text."""
_POSTS = frozenset(("comment", "post", "answer", "question", "tweet", "reply"))
_OF_POSTS = (
    "subreddit",
    "permalink",
    "num_comments",
    "comms_num",
    "created_utc",
    "ups",
    "upvotes",
    "view_count",
    "views",
    "answer_count",
    "comment_count",
    "parent_id",
    "link_id",
    "post_id",
    "comment_id",
    "owner_user_id",
    "post_type_id",
)
"""Columns of posts, beside which a score is the sum of their votes."""
_OF_CORPORA = ("token_count", "num_tokens", "n_tokens", "language_score", "language_probability")
"""Columns of documents of a corpus, beside which a score is what these were filtered by."""
_HIGHEST_MARK, _MOST_SIGNED, _MOST_STARS = 100, 10, 10


def counts_votes(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether numbers are votes on a post, of readers or of a filter, rather than marks that it was given.

    Votes have no bound, and stand beside other facts about a post.
    """
    words = set(name_words(each.name))
    if not each.is_number:
        return False
    if words & _COUNTED:
        return True
    if "stars" in words and _most(cells_of(frame, each.name)) > _MOST_STARS:
        return True
    if "score" in words and named([str(name) for name in frame.columns], _OF_CORPORA):
        return True
    if "score" not in words or words - {"score"} - _POSTS:
        return False
    numbers = [number for cell in cells_of(frame, each.name) if (number := number_of(cell)) is not None]
    of_post = named([str(name) for name in frame.columns], _OF_POSTS)
    if of_post == named(of_post, ("permalink",)) and max(numbers, default=0) <= _MOST_SIGNED:
        return False  # answers of a survey have addresses of their own as well
    unbounded = bool(numbers) and (max(numbers) > _HIGHEST_MARK or (min(numbers) < 0 and max(numbers) > _MOST_SIGNED))
    whole = all(number.is_integer() for number in numbers)
    return whole and (unbounded or bool(of_post))


def _most(cells: Sequence[Any]) -> float:
    return max((number for cell in cells if (number := number_of(cell)) is not None), default=0.0)
