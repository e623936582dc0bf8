"""All shapes of data that are read without a choice, in the order of the docs."""

from __future__ import annotations

from tests.data.dialect_shapes import DIALECTS
from tests.data.download_shapes import DOWNLOADS
from tests.data.everyday_shapes import EVERYDAY
from tests.data.export_shapes import EXPORTS
from tests.data.format_shapes import FORMATS
from tests.data.kind_shapes import KINDS
from tests.data.label_shapes import CORPORA
from tests.data.markup_shapes import MARKUP
from tests.data.popular_shapes import POPULAR
from tests.data.printed_shapes import PRINTED
from tests.data.public_shapes import PUBLIC
from tests.data.release_shapes import RELEASES
from tests.data.repository_shapes import REPOSITORY
from tests.data.schema_shapes import SCHEMAS
from tests.data.shapes import SHAPES, Shape
from tests.data.sibling_shapes import SIBLINGS
from tests.data.structure_shapes import STRUCTURES
from tests.data.table_shapes import TABLES
from tests.data.talk_shapes import TALKS
from tests.data.vendor_shapes import VENDORS

EVERY_SHAPE: tuple[Shape, ...] = (
    *SHAPES, *TABLES, *EXPORTS, *SIBLINGS, *STRUCTURES, *FORMATS, *PUBLIC, *REPOSITORY, *SCHEMAS, *DIALECTS, *TALKS,
    *CORPORA, *POPULAR, *DOWNLOADS, *VENDORS, *PRINTED, *MARKUP,
    *RELEASES, *EVERYDAY, *KINDS,
)  # fmt: skip
