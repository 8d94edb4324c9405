"""Results of cases as JUnit XML, which CI servers show."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from ccrouter.outlook.cases import Answer


def report(suites: Sequence[tuple[str, Sequence[Answer]]]) -> str:
    """Return the report of case files, each with what became of its cases."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>"]
    for file, answers in suites:
        failed = sum(not answer.good for answer in answers)
        lines.append(f'<testsuite name={quoteattr(file)} tests={quoteattr(str(len(answers)))} failures="{failed}">')
        for answer in answers:
            case = answer.case
            place = f"name={quoteattr(case.name)} classname={quoteattr(file)} line={quoteattr(str(case.line))}"
            if answer.good:
                lines.append(f"<testcase {place}/>")
                continue
            told = "; ".join(f"expected {expected}, found {seen}" for expected, seen in answer.failures)
            failure = f"<failure message={quoteattr(told)}>{escape(f'{file}:{case.line}')}</failure>"
            lines.append(f"<testcase {place}>{failure}</testcase>")
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])
