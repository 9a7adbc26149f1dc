"""The way to a bootstrap file over APDUs (TS 1.0 Appendix G; ETSI TS 102 221; PKCS#15 v1.1), for a card that was made
elsewhere: what is found on it becomes a file set."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ber import Element, Malformed, elements, scan
from forms import DIR, ICCID, MASTER, OID, PKCS15

Transmit = Callable[[bytes], bytes]
Set = Dict[str, Any]
CHUNK = 0xF0
LARGEST = 0x7FFF  # of an offset in READ BINARY
FOUND, END_OF_FILE, DEACTIVATED, NO_OFFSET, NOT_FOUND, NO_RECORD = 0x9000, 0x6282, 0x6283, 0x6B00, 0x6A82, 0x6A83
MEANINGS = {
    0x6982: "a PIN or SCP03 is needed",
    0x6983: "the PIN is blocked",
    0x6985: "the file is deactivated, or conditions are not met",
    0x6986: "no file is selected",
    0x6A81: "no logical channel is free",
    0x6A82: "it is not there",
    0x6881: "the logical channel is not open",
    DEACTIVATED: "it is deactivated",
}


class CardError(Exception):
    """What a card refused, or has otherwise than it should."""

    def __init__(self, what: str, word: Optional[int] = None) -> None:
        meaning = MEANINGS.get(word or 0, "")
        super().__init__(what if word is None else f"{what}: {word:04X}{f', {meaning}' if meaning else ''}")
        self.word = word


class Where(NamedTuple):
    """A Path: the file, and the part of it that counts."""

    path: bytes
    index: Optional[int] = None
    length: Optional[int] = None

    def select(self) -> bytes:
        """The path for SELECT from MF, with the application selected."""
        if self.path.startswith(b"\x3f\x00") and len(self.path) > 2:
            return self.path[2:]
        return self.path if self.path.startswith(b"\x7f\xff") else b"\x7f\xff" + self.path

    def of(self, content: bytes) -> bytes:
        start = self.index or 0
        return content[start:] if self.length is None else content[start : start + self.length]


class Found(NamedTuple):
    """The data object of a bootstrap file."""

    where: Where
    label: str
    form: str
    private: bool
    modifiable: bool


# Structures


def entries(odf: bytes) -> Iterator[Tuple[Optional[Where], bytes]]:
    """What the ODF says of data objects: a file that has them, or the objects themselves."""
    for entry in scan(odf):
        if entry.tag != 0xA7:
            continue
        for inner in scan(entry.value):
            if inner.tag == 0x30:
                yield _where(inner), b""
            elif inner.tag == 0xA0:
                yield None, inner.value


def _where(element: Element) -> Where:
    parts = {part.tag: part.value for part in elements(element.value)}
    if element.tag != 0x30 or 0x04 not in parts:
        raise Malformed("a Path is expected")
    found = [int.from_bytes(parts[tag], "big") if tag in parts else None for tag in (0x02, 0x80)]
    return Where(parts[0x04], *found)


def bootstrap_object(dodf: bytes) -> Optional[Found]:
    """The first object with the OID of the bootstrap file, opaqueDO or oidDO."""
    for outer in scan(dodf):
        parts = elements(outer.value)
        if outer.tag not in (0x30, 0xA1) or len(parts) < 3 or parts[-1].tag != 0xA1:
            continue
        inner = elements(parts[-1].value)
        attributes = elements(parts[1].value)
        if outer.tag == 0x30:
            oids = [each.value for each in attributes if each.tag == 0x06]
            place: Optional[Element] = inner[0] if inner else None
        else:
            value = elements(inner[0].value) if inner else []
            oids = [each.value for each in value if each.tag == 0x06]
            place = value[-1] if value else None
        if place is None or not any(oid in (OID, b"\x06\x04" + OID) for oid in oids):
            continue
        common = elements(parts[0].value)
        flags = next((each.value[1] for each in common if each.tag == 0x03 and len(each.value) > 1), 0)
        labels = [each.value for each in common + attributes if each.tag == 0x0C]
        label = labels[0].decode(errors="replace") if labels else ""
        form = "opaqueDO" if outer.tag == 0x30 else "oidDO"
        return Found(_where(place), label, form, bool(flags & 0x80), bool(flags & 0x40))
    return None


def application(record: bytes) -> Optional[Tuple[bytes, bytes]]:
    """AID and path of a record of EF_DIR, if it is of PKCS#15."""
    for template in scan(record):
        parts = {part.tag: part.value for part in elements(template.value)}
        if template.tag == 0x61 and parts.get(0x4F, b"").startswith(PKCS15):
            return parts[0x4F], parts.get(0x51, b"")
    return None


def control(fcp: bytes) -> Dict[int, bytes]:
    """File control parameters by tag; none where there is no template."""
    whole = elements(fcp) if fcp else []
    return {part.tag: part.value for part in elements(whole[0].value)} if whole and whole[0].tag == 0x62 else {}


# Commands


class Card:
    """A card, by what sends it one APDU."""

    def __init__(self, transmit: Transmit, said: Callable[[str], None] = lambda line: None) -> None:
        self._transmit = transmit
        self._said = said
        self.channel = 0

    def _once(self, command: bytes) -> Tuple[bytes, int]:
        answer = self._transmit(command)
        self._said(f"> {command.hex().upper()}\n< {answer.hex().upper()}")
        if len(answer) < 2:
            raise CardError(f"the card gave {len(answer)} bytes for {command.hex().upper()}; a status word has two")
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def send(self, head: str, data: bytes = b"", le: Optional[int] = None) -> Tuple[bytes, int]:
        """Instruction, P1 and P2 in hexadecimal. Fetches what the card wants to have fetched; 91xx is 9000."""
        kind = self.channel if self.channel < 4 else 0x40 + self.channel - 4
        command = bytes([kind]) + bytes.fromhex(head) + (bytes([len(data)]) + data if data else b"")
        answer, word = self._once(command + (b"" if le is None else bytes([le & 0xFF])))
        if word >> 8 == 0x6C:
            answer, word = self._once(command + bytes([word & 0xFF]))
        while word >> 8 == 0x61:
            more, word = self._once(bytes([kind]) + bytes.fromhex("C00000") + bytes([word & 0xFF]))
            answer += more
        return answer, FOUND if word >> 8 == 0x91 else word

    def open(self) -> None:
        answer, word = self.send("700000", le=1)
        if word != FOUND or len(answer) != 1:
            raise CardError("no logical channel", word)
        self.channel = answer[0]

    def close(self) -> None:
        channel, self.channel = self.channel, 0
        if channel:
            self.send(f"7080{channel:02X}")

    def select(self, what: str, head: str, data: bytes) -> Dict[int, bytes]:
        answer, word = self.send(head, data, 0)
        if word not in (FOUND, DEACTIVATED):
            raise CardError(what, word)
        return control(answer)

    def read(self, what: str, size: Optional[int]) -> bytes:
        """The current transparent file, up to the size that its FCP told."""
        content = b""
        while len(content) < (LARGEST if size is None else size):
            wanted = CHUNK if size is None else min(CHUNK, size - len(content))
            answer, word = self.send(f"B0{len(content):04X}", le=wanted)
            content += answer
            if word in (NO_OFFSET, END_OF_FILE) or (word == FOUND and not answer):
                break
            if word != FOUND:
                raise CardError(f"reading {what}", word)
        return content

    def file(self, what: str, where: Where) -> bytes:
        parameters = self.select(what, "A40804", where.select())
        size = parameters.get(0x80)
        return self.read(what, int.from_bytes(size, "big") if size else None)

    def records(self) -> List[bytes]:
        """EF_DIR, which some cards have on the basic channel only."""
        head, data = "A40004", DIR.to_bytes(2, "big")
        descriptor = self.select("EF_DIR", head, data).get(0x82, b"")
        length = descriptor[3] if len(descriptor) > 3 else 0
        found: List[bytes] = []
        while len(found) < 255:
            answer, word = self.send(f"B2{len(found) + 1:02X}04", le=length)
            if word == NO_RECORD or (word == FOUND and not answer):
                break
            if word != FOUND:
                raise CardError("reading EF_DIR", word)
            found.append(answer)
        return found


def walk(card: Card, pin: Optional[Tuple[int, str]] = None, tell: Callable[[str], None] = lambda line: None) -> Set:
    """Reads all that leads to the bootstrap file, and the file. CardError says which step failed."""
    try:
        records = card.records()
        found = next((each for each in map(application, records) if each), None)
        if found is None:
            raise CardError("EF_DIR names no PKCS#15 application")
        iccid = _iccid(card)
        card.open()
        aid, path = found
        tell(f"EF_DIR names {aid.hex().upper()}")
        card.select("the PKCS#15 application", "A40404", aid)
        if pin:
            _verify(card, *pin)
        files = _files(card, tell)
    except Malformed as error:
        raise CardError(str(error)) from None
    finally:
        card.close()
    number = path[-2:].hex().upper() if len(path) >= 4 else "7F50"
    root: Set = {"id": f"{MASTER:04X}", "files": [
        {"id": f"{DIR:04X}", "length": max(map(len, records)), "records": [each.hex().upper() for each in records]},
    ]}
    if iccid:
        root["files"].append({"id": f"{ICCID:04X}", "content": iccid.hex().upper()})
    application_: Set = {"id": number, "aid": aid.hex().upper()}
    application_["files"] = [{"id": name, "content": content.hex().upper()} for name, content in files.items()]
    return {"format": "whimbrel-card 1", "root": {**root, "directories": [application_]}}


def _iccid(card: Card) -> bytes:
    try:
        return card.file("EF_ICCID", Where(MASTER.to_bytes(2, "big") + ICCID.to_bytes(2, "big")))
    except CardError:
        return b""


def _verify(card: Card, reference: int, value: str) -> None:
    # once only: a wrong one costs a try, and the card is lost after a few
    word = card.send(f"2000{reference:02X}", value.encode().ljust(8, b"\xff"))[1]
    if word != FOUND:
        raise CardError(f"PIN {reference:02X}", word)


def _files(card: Card, tell: Callable[[str], None]) -> Dict[str, bytes]:
    files = {"5031": card.file("EF(ODF)", Where(bytes.fromhex("5031")))}
    try:
        files["5032"] = card.file("EF(TokenInfo)", Where(bytes.fromhex("5032")))
    except CardError:
        pass  # a bootstrap needs none
    for where, here in entries(files["5031"]):
        objects = here
        if where is not None:
            name = where.path[-2:].hex().upper()
            files[name] = card.file(f"EF(DODF) {name}", where)
            objects = where.of(files[name])
        found = bootstrap_object(objects)
        if found is None:
            continue
        name = found.where.path[-2:].hex().upper()
        tell(f'{found.form} "{found.label}" names {found.where.path.hex().upper()}'
             f"{', private' * found.private}{', modifiable' * found.modifiable}")
        files[name] = card.file(f"EF(LwM2M_Bootstrap) {name}", found.where)
        tell(f"EF {name} has {len(files[name])} bytes")
        return files
    raise CardError("no data object has the OID 2.23.43.9.1")
