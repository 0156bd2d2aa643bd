"""Reading a form sent to the authorisation server: one meaning, or none (RFC 6749 3.2 and appendix B)."""

from urllib.parse import parse_qsl

MEDIA_TYPE = "application/x-www-form-urlencoded"
LONGEST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 20


class BadForm(ValueError):
    """The form has no single meaning; the message says why without repeating anything from it."""


def read_form(body: bytes, content_type: str, query: str) -> dict[str, str]:
    """Return the form's fields; those without a value count as left out (RFC 6749 3.2).

    Raises BadForm. Parameters in the URL are refused: an assertion there would end up in somebody's log.
    """
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type.strip().lower() != MEDIA_TYPE or charset not in ("", "charset=utf-8"):
        raise BadForm(f"Send the parameters as {MEDIA_TYPE} in the body.")
    if query:
        raise BadForm("Send the parameters in the body, none in the URL.")
    if len(body) > LONGEST_FORM_BYTES:
        raise BadForm(f"The form is larger than {LONGEST_FORM_BYTES} bytes.")
    fields = _fields(body)
    if len(dict(fields)) != len(fields):
        raise BadForm("A parameter is given more than once.")
    return {name: value for name, value in fields if value}


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        fields = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise BadForm("The form cannot be read.") from None
    if not all(text.isprintable() for field in fields for text in field):
        raise BadForm("A parameter holds a character that is not printable.")
    return fields
