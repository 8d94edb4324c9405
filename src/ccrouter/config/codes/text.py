"""Y: the file as text and as YAML."""

from typing import Final

from ccrouter.config.codes.code import Code

TEXT: Final = (
    Code("Y101", "unreadable-file"),
    Code("Y102", "file-too-large"),
    Code("Y103", "not-utf8"),
    Code("Y104", "invisible-character"),
    Code("Y105", "empty-file"),
    Code("Y106", "second-document"),
    Code("Y107", "too-deep"),
    Code("Y108", "alias"),
    Code("Y109", "tag"),
    Code("Y110", "merge-key"),
    Code("Y111", "duplicate-key"),
    Code("Y112", "key-is-no-text"),
    Code("Y113", "tab-indents"),
    Code("Y114", "value-begins-with-sign"),
    Code("Y115", "misplaced-colon"),
    Code("Y116", "missing-colon"),
    Code("Y117", "crooked-lines"),
    Code("Y118", "unclosed-bracket"),
    Code("Y119", "bad-escape"),
    Code("Y120", "unclosed-quote"),
    Code("Y121", "misplaced-list"),
    Code("Y122", "text-after-the-end"),
    Code("Y123", "no-yaml"),
    Code("Y124", "typographic-quotes"),
    Code("Y125", "missing-space"),
    Code("Y126", "missing-comma"),
    Code("Y201", "misread-word"),
    Code("Y202", "unquoted-number"),
)
