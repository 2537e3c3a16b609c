"""Files attached to records: what may be attached, and the resource that lists, takes, gives and removes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow, Reply
from connectors.kit.operations import Answer, Context, ListQuery, Op, Page
from connectors.kit.resource import Resource

MEDIA: Mapping[str, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "txt": "text/plain",
    "csv": "text/csv",
    "xml": "application/xml",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Ending of a file's name → media type."""

_BEGIN: Mapping[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
    "docx": (b"PK",),
    "xlsx": (b"PK",),
}
"""How files of a kind begin, where they all begin alike."""

_LONGEST = 200

Answers = list[Answer]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to the provider."""

    name: str
    content: bytes

    @property
    def ending(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A kind of record files are attached to: its unified resource, and where the provider keeps it. `gives`:
    whether it gives a file back and removes it."""

    resource: str
    path: str
    one: str
    gives: bool = True


@dataclass(frozen=True, kw_only=True)
class Attachments(Resource):
    """Lists are of one parent. `most` is the largest size in bytes, `kinds` the endings of names.

    Override `attached`, `attach`, `detach` and `content`.
    """

    parents: Mapping[str, Parent]
    most: int
    kinds: tuple[str, ...]

    @cached_property
    def filters(self) -> Mapping[str, frozenset[Op]]:
        return {"parent.type": frozenset({Op.EQ}), "parent.id": frozenset({Op.EQ})}

    @cached_property
    def keeping(self) -> tuple[str, ...]:
        """Kinds of parent that take and list files, and neither give nor remove them."""
        return tuple(sorted(type for type, each in self.parents.items() if not each.gives))

    def type_of(self, resource: str) -> str | None:
        """The kind of parent the records of a unified resource are."""
        return next((type for type, each in self.parents.items() if each.resource == resource), None)

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        given = {each.field: str(each.value) for each in query.filters}
        missing = [
            FieldError("required", f"/parent/{name}", "name the record the files are attached to")
            for name in ("type", "id")
            if f"parent.{name}" not in given
        ]
        if missing:
            raise Rejected(*missing)
        type = given["parent.type"]
        if type not in self.parents:
            kinds = tuple(self.parents)
            raise Rejected(
                FieldError("enum_value", "/parent/type", f"nothing is attached to a {type} here", kinds)
            )
        return Page((yield from self.attached(type, given["parent.id"], ctx)))

    def checked(self, file: Upload) -> Upload:
        """The file, if it may be sent. Raises Rejected."""
        errors: list[FieldError] = []
        if (
            not file.name
            or len(file.name) > _LONGEST
            or not file.name.isprintable()
            or set(file.name) & set('/\\"')
        ):
            detail = f"a name of at most {_LONGEST} printable characters, without / \\ or quotes"
            errors.append(FieldError("wrong_type", "/file_name", detail))
        elif file.ending not in self.kinds:
            detail = f"a file of kind {file.ending or 'unknown'} cannot be attached"
            errors.append(FieldError("enum_value", "/file_name", detail, self.kinds))
        elif file.content and not file.content.startswith(_BEGIN.get(file.ending, (b"",))):
            errors.append(
                FieldError("wrong_type", "/file", f"the content is not that of a {file.ending} file")
            )
        if not file.content:
            errors.append(FieldError("wrong_type", "/file", "the file is empty"))
        if len(file.content) > self.most:
            detail = f"{len(file.content)} bytes are more than the {self.most} a file may have"
            errors.append(FieldError("wrong_type", "/file", detail))
        if errors:
            raise Rejected(*errors)
        return file

    def attached(self, type: str, id: str, ctx: Context) -> Flow[Answers]:
        """The files of one record."""
        raise NotImplementedError

    def attach(self, type: str, id: str, file: Upload, ctx: Context) -> Flow[Answer]:
        """Attaches a checked file."""
        raise NotImplementedError

    def detach(self, type: str, id: str, attachment: str, ctx: Context) -> Flow[str]:
        raise NotImplementedError

    def content(self, type: str, id: str, attachment: str, ctx: Context) -> Flow[Reply]:
        """The file itself, whole; the gateway caps what it reads."""
        raise NotImplementedError
