"""Judges a whole history: what clients sent, were told and showed, against what is stored at the end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Event = Mapping[str, Any]


class Entry(NamedTuple):
    """A row of the stored log."""

    seq: int
    id: str
    sender_type: str
    sender_id: str | None
    client_message_id: str | None
    content: str


class Violation(NamedTuple):
    rule: str
    conversation: str
    detail: str


class Sent(NamedTuple):
    client: str
    content: str
    number: int


@dataclass
class _View:
    """What one client shows of one conversation."""

    entries: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class _Conversation:
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    refused: set[str] = field(default_factory=set)
    views: dict[str, _View] = field(default_factory=lambda: defaultdict(_View))
    finals: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    found: list[tuple[str, str]] = field(default_factory=list)

    def breaks(self, rule: str, detail: str) -> None:
        self.found.append((rule, detail))


def check(history: Iterable[Event], stored: Mapping[str, Sequence[Entry]]) -> list[Violation]:
    """Every rule that the history breaks, wherever it does."""
    conversations: dict[str, _Conversation] = defaultdict(_Conversation)
    senders: dict[tuple[str, str], str] = {}
    for event in history:
        if event["event"] == "reloaded":
            for each in conversations.values():
                each.views.pop(event["client"], None)
            continue
        if "conversation" not in event:
            continue
        if event["event"] == "entered":
            senders[event["client"], event["conversation"]] = event["sender_id"]
        _take(conversations[event["conversation"]], event)
    violations = []
    for name, conversation in conversations.items():
        log = stored.get(name, ())
        _judge_log(conversation, log)
        _judge_sending(conversation, log, {client: sender for (client, where), sender in senders.items() if where == name})
        _judge_views(conversation, log)
        violations += [Violation(rule, name, detail) for rule, detail in conversation.found]
    return violations


def _take(conversation: _Conversation, event: Event) -> None:
    client = event["client"]
    match event["event"]:
        case "sent":
            conversation.sent[event["id"]] = Sent(client, event["content"], event["number"])
        case "acknowledged":
            conversation.acknowledged[event["id"]].add(event["seq"])
        case "refused":
            conversation.refused.add(event["id"])
        case "shown":
            _show(conversation, client, event)
        case "older":
            view, added = conversation.views[client].entries, _pairs(event["added"])
            if not added or not view or [seq for seq, _ in added] != list(range(view[0][0] - len(added), view[0][0])):
                conversation.breaks("shown without gaps", f"{client} put {added} before {view[:1]}")
            view[:0] = added
        case "final":
            conversation.finals[client] = _pairs(event["entries"])


def _show(conversation: _Conversation, client: str, event: Event) -> None:
    view = conversation.views[client].entries
    if event["kept"] != event["of"] or event["of"] != len(view):
        conversation.breaks("shown for good", f"{client} kept {event['kept']} of {event['of']} entries")
        del view[event["kept"] :]
    for seq, id_ in _pairs(event["added"]):
        if view and seq <= view[-1][0]:
            conversation.breaks("shown in order and once", f"{client} showed {seq} after {view[-1][0]}")
        elif view and seq != view[-1][0] + 1:
            conversation.breaks("shown without gaps", f"{client} showed {seq} after {view[-1][0]}")
        view.append((seq, id_))


def _judge_log(conversation: _Conversation, log: Sequence[Entry]) -> None:
    if [entry.seq for entry in log] != list(range(1, len(log) + 1)):
        conversation.breaks("stored without gaps", f"the log's places are {_outline([entry.seq for entry in log])}")
    places: dict[tuple[str, str | None, str], list[int]] = defaultdict(list)
    for entry in log:
        if entry.client_message_id is not None:
            places[entry.sender_type, entry.sender_id, entry.client_message_id].append(entry.seq)
    for (_, _, client_message_id), seqs in places.items():
        if len(seqs) > 1:
            conversation.breaks("stored once", f"{client_message_id} is stored at {seqs}")


def _judge_sending(conversation: _Conversation, log: Sequence[Entry], senders: Mapping[str, str]) -> None:
    by_id = {entry.client_message_id: entry for entry in log if entry.client_message_id is not None}
    for id_, seqs in conversation.acknowledged.items():
        if len(seqs) > 1:
            conversation.breaks("one place", f"{id_} was acknowledged at {sorted(seqs)}")
        if id_ not in by_id:
            conversation.breaks("acknowledged is stored", f"{id_}, acknowledged at {sorted(seqs)}, is not stored")
        elif by_id[id_].seq not in seqs:
            conversation.breaks("one place", f"{id_}, acknowledged at {sorted(seqs)}, is stored at {by_id[id_].seq}")
    for id_ in conversation.sent.keys() - conversation.acknowledged.keys() - conversation.refused:
        conversation.breaks("sent is settled", f"{conversation.sent[id_].content!r} was neither acknowledged nor refused")
    for id_ in conversation.refused & by_id.keys():
        conversation.breaks("refused is not stored", f"{conversation.sent[id_].content!r} is stored at {by_id[id_].seq}")
    last: dict[str, Sent] = {}
    for entry in log:
        if entry.sender_type == "system":
            continue
        sent = conversation.sent.get(entry.client_message_id or "")
        if sent is None or sent.content != entry.content or senders.get(sent.client) != entry.sender_id:
            conversation.breaks("stored was sent", f"nobody sent {entry}")
            continue
        former = last.get(sent.client)
        if former is not None and former.number > sent.number:
            conversation.breaks("sender's order", f"{sent.content!r} is stored after {former.content!r}")
        last[sent.client] = sent


def _judge_views(conversation: _Conversation, log: Sequence[Entry]) -> None:
    whole = [(entry.seq, entry.id) for entry in log]
    known = set(whole)
    for client, view in conversation.views.items():
        if strangers := [pair for pair in view.entries if pair not in known]:
            conversation.breaks("shown is stored", f"{client} showed {strangers[:3]}")
    for client, final in conversation.finals.items():
        if final != whole:
            detail = f"{client} shows {_outline([seq for seq, _ in final])} of {_outline([seq for seq, _ in whole])}"
            conversation.breaks("all converge", detail)
    for client in {sent.client for sent in conversation.sent.values()} - conversation.finals.keys():
        conversation.breaks("all converge", f"{client} never told what it shows at the end")


def _pairs(entries: Iterable[Sequence[Any]]) -> list[tuple[int, str]]:
    return [(entry[0], entry[1]) for entry in entries]


def _outline(seqs: Sequence[int]) -> str:
    """Stretches of places, and not more than a line of them."""
    parts: list[list[int]] = []
    for seq in seqs:
        if parts and seq == parts[-1][-1] + 1:
            parts[-1][1:] = [seq]
        else:
            parts.append([seq])
    text = " ".join("–".join(map(str, part)) for part in parts[:12])
    return (text if len(parts) <= 12 else f"{text} …") or "nothing"
