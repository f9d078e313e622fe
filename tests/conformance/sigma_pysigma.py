#!/usr/bin/env python3
"""Holds what tests/conformance/sigma/cases.json says of pySigma to pySigma itself:  sigma_pysigma.py [-v]
Of each case `pysigma` tells: `reading` is `accepts` (its rules are read, and the events that follow from the tree of conditions are those
of the case, or, where it is read otherwise, those of `match` there), `refuses`, or `no reading` (the rules are read, but what the case is
about is not said there). `why` is the reason wherever the case does not say the same.

pySigma makes queries of rules and looks at no event. So what is asked of it is all that it decides: which rules there are, what the
tree of their conditions is, which parts of a value are wildcards, and what modifiers make of it. The leaves of that tree are compared here as
the specification has it: a text without case and as a whole, an expression anywhere in it, a keyword in any value, nothing with what is
absent; and with events as docs/sigma.md says that they are read. pySigma is that of SUYUAN_ORACLES, or of `scripts/setup oracles`."""
import copy
import datetime
import importlib.metadata
import ipaddress
import json
import os
import pathlib
import re
import sys

from sigma_cases import whole


def with_pysigma():
    """Runs this again in the environment that has pySigma, where this one has not."""
    try:
        import sigma.collection                                                    # noqa: F401
        return
    except ImportError:
        folder = pathlib.Path(os.environ.get('SUYUAN_ORACLES') or pathlib.Path.home() / '.cache/suyuan/oracles')
        python = folder / 'bin' / 'python'
        if python.exists() and pathlib.Path(sys.prefix).resolve() != folder.resolve():
            os.execv(python, [str(python), *sys.argv])
        print('no pySigma: scripts/setup oracles')
        sys.exit(77)


def text(value):
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return shown.rstrip(' \t\r\n\0')


def number(value):
    try:
        return int(text(value), 16) if text(value).lower().startswith('0x') else float(text(value))
    except ValueError:
        return None


def address(value):
    try:
        of = ipaddress.ip_address(text(value).strip('[]').split('%')[0])
    except ValueError:
        return None
    return getattr(of, 'ipv4_mapped', None) or of


def pattern(string):
    """Of a SigmaString: its parts are texts and wildcards."""
    from sigma.types import SpecialChars
    made = ''
    for part in string.s:
        if isinstance(part, str):
            made += re.escape(part)
        elif part in (SpecialChars.WILDCARD_MULTI, SpecialChars.WILDCARD_SINGLE):
            made += '.*' if part == SpecialChars.WILDCARD_MULTI else '.'
        else:
            raise ValueError(f'{part} in a value')
    return made


def of_time(part, value):
    from sigma.types import TimestampPart
    when = datetime.datetime.fromisoformat(text(value))
    return {TimestampPart.MINUTE: when.minute, TimestampPart.HOUR: when.hour, TimestampPart.DAY: when.day, TimestampPart.MONTH: when.month,
            TimestampPart.YEAR: when.year, TimestampPart.WEEK: when.isocalendar()[1]}[part]


def holds(want, value, event, anywhere):
    """Whether a value that is there is what a leaf of the tree wants. `anywhere` is what a keyword is."""
    from sigma.types import (CompareOperators, SigmaBool, SigmaCasedString, SigmaCIDRExpression, SigmaCompareExpression, SigmaExpansion,
                             SigmaFieldReference, SigmaNumber, SigmaRegularExpression, SigmaString, SigmaTimestampPart)
    if isinstance(want, SigmaExpansion):
        return any(holds(each, value, event, anywhere) for each in want.values)
    if isinstance(want, SigmaString):
        flags = re.DOTALL | (0 if isinstance(want, SigmaCasedString) else re.IGNORECASE)
        return (re.search if anywhere else re.fullmatch)(pattern(want), text(value), flags) is not None
    if isinstance(want, SigmaRegularExpression):
        flags = 0
        for flag in want.flags:
            flags |= want.sigma_to_python_flags[flag]
        return re.search(str(want.regexp), text(value), flags) is not None
    if isinstance(want, SigmaCIDRExpression):
        return address(value) is not None and address(value) in want.network
    if isinstance(want, SigmaCompareExpression):
        is_, bound = number(value), want.number.number
        return is_ is not None and {CompareOperators.LT: is_ < bound, CompareOperators.LTE: is_ <= bound, CompareOperators.GT: is_ > bound,
                                    CompareOperators.GTE: is_ >= bound}[want.op]
    if isinstance(want, SigmaFieldReference):
        if event.get(want.field) is None:
            return False
        this, other = text(value).casefold(), text(event[want.field]).casefold()
        if want.starts_with and want.ends_with:
            return other in this
        return this.startswith(other) if want.starts_with else this.endswith(other) if want.ends_with else this == other
    if isinstance(want, SigmaTimestampPart):
        return of_time(want.timestamp_part, value) == want.number
    if isinstance(want, (SigmaNumber, SigmaBool)):
        shown = text(value).lower()
        return str(want).lower() in shown if anywhere else shown == str(want).lower()
    raise ValueError(f'a {type(want).__name__} in a condition')


def true_of(node, event):
    from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR, ConditionValueExpression
    from sigma.types import SigmaExists, SigmaNull
    if isinstance(node, ConditionAND):
        return all([true_of(each, event) for each in node.args])
    if isinstance(node, ConditionOR):
        return any([true_of(each, event) for each in node.args])
    if isinstance(node, ConditionNOT):
        return not true_of(node.args[0], event)
    if isinstance(node, ConditionValueExpression):
        return any(holds(node.value, value, event, True) for value in event.values() if value is not None)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        value = event.get(node.field)
        if isinstance(node.value, SigmaNull):
            return value is None
        if isinstance(node.value, SigmaExists):
            return (node.field in event) == node.value.exists
        return value is not None and holds(node.value, value, event, False)
    raise ValueError(f'a {type(node).__name__} in a condition')


def read(case):
    """The rules of a case as pySigma reads them, each with the trees of its conditions; or the error that refuses them."""
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError
    from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
    from sigma.processing.transformations import ValueListPlaceholderTransformation
    from sigma.rule import SigmaRule
    try:
        rules = [rule for rule in SigmaCollection.from_dicts(copy.deepcopy(case['rules'])) if isinstance(rule, SigmaRule)]
        for rule in rules:
            ProcessingPipeline([ProcessingItem(ValueListPlaceholderTransformation())], vars=case.get('values', {})).apply(rule)
        return [(rule, [condition.parsed for condition in rule.detection.parsed_condition]) for rule in rules], None
    except SigmaError as error:
        return None, error


def outcome(case, rules):
    """What follows from the trees, as the case tells it: events that match the first rule, or how often each rule does."""
    events = [whole(event, 0, i) for i, event in enumerate(case['events'])]
    matches = [[i for i, event in enumerate(events) if any([true_of(tree, event) for tree in trees])] for _, trees in rules]
    if 'hits' in case:
        return {rule.title: len(each) for (rule, _), each in zip(rules, matches) if each}
    return matches[0]


def judge(case):
    """What is wrong with what is said of pySigma, whether its rules are read, and whether it and the case say the same (None: it says nothing)."""
    said, ours = case.get('pysigma', {}), case['hits'] if 'hits' in case else case['match']
    reading = said.get('reading')
    if reading not in ('accepts', 'refuses', 'no reading'):
        return 'nothing is said of pySigma', False, None
    rules, error = read(case)
    if (rules is None) != (reading == 'refuses'):
        return f'"{reading}" is said, but pySigma ' + (f'refuses it: {error}' if rules is None else 'accepts it'), rules is not None, None
    same = None
    if reading == 'accepts':
        is_ = outcome(case, rules)
        if is_ != said.get('match', ours):
            return f'{said.get("match", ours)} is said, but {is_} follows from what pySigma reads', True, None
        same = is_ == ours and not case.get('refused', False)
    elif reading == 'refuses':
        same = case.get('refused', False)
    return None if same or said.get('why') else 'no reason is given', rules is not None, same


def main():
    with_pysigma()
    cases = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sigma', 'cases.json'), encoding='utf-8'))
    accepted = agreed = silent = wrong = 0
    differ = []
    for case in cases:
        mistake, was_read, same = judge(case)
        name = f'{case["about"]}: {case["name"]}'
        accepted += was_read
        agreed += same is True
        if mistake:
            wrong += 1
            print(f'WRONG  {name}: {mistake}')
        elif same is None:
            silent += 1
            if '-v' in sys.argv:
                print(f'silent {name}: {case["pysigma"]["why"]}')
        elif not same:
            differ.append(f'{name}: pySigma {case["pysigma"]["reading"]}: {case["pysigma"]["why"]}')
    for each in differ:
        print(f'other  {each}')
    version = importlib.metadata.version('pysigma')
    print(f'{len(cases)} cases, {accepted} read by pySigma {version}, {agreed} agree, '
          f'{len(differ)} are read otherwise for a reason, of {silent} it says nothing, {wrong} wrong')
    return wrong > 0 or not agreed


if __name__ == '__main__':
    sys.exit(main())
