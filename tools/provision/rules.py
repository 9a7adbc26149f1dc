"""Whether what a record says holds together (TS 1.0 sections 5.2.2, 6.2.1, 7.1, 7.2, 7.3, Appendix E.1 to E.3)."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import keys
import tables
from record import File, Flaw, Instance, Place, Refused, Resource, encode
from tables import (ACCESS, BOOTSTRAP, FIELDS, IDENTITY, KEY, MATCHING, MODE, NOBODY, SECURITY, SERVER, SERVER_KEY, SMS_KEYS,
                    SMS_MODE, SMS_NUMBER, SMS_PARAMETERS, SNI, SSID, SUITES, URI, USAGE)

LARGEST = 32 * 1024  # Appendix G.3.3
MANDATORY = {SECURITY: (URI, BOOTSTRAP, MODE), SERVER: (0, 1, 6, 7), ACCESS: (0, 1, 3)}
LIFETIME, PMIN, PMAX, DISABLE_TIMEOUT, BINDING = 1, 2, 3, 5, 7
NEEDS = {0: (IDENTITY, KEY), 1: (IDENTITY, SERVER_KEY, KEY), 2: (IDENTITY, SERVER_KEY, KEY), 3: ()}
ROLES = {
    1: {IDENTITY: keys.PUBLIC, SERVER_KEY: keys.PUBLIC, KEY: keys.PRIVATE},
    2: {IDENTITY: keys.CERTIFICATE, SERVER_KEY: keys.CERTIFICATE, KEY: keys.PRIVATE},
}
HASHES = {1: 32, 2: 48, 3: 64}
LINKS = {(SECURITY, 17): 21, (SECURITY, 26): 24, (SECURITY, 27): 23}
SECURE = {"coaps", "coaps+tcp", "coaps+ws"}
PLAIN = {"coap", "coap+tcp", "coap+ws"}
SMS = {"tel", "sms"}

_URI = re.compile(r"([a-z+]+)://(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~-]+)(?::([0-9]{0,5}))?(?:[/?#]\S*)?")
_NAMES = {number: name for name, number in tables.MODES.items()}


def check(file: File) -> List[Flaw]:
    """All that is wrong or strange with a record."""
    return list(_Checker(file).run())


class _Checker:
    def __init__(self, file: File) -> None:
        self.file = file
        self.servers = self._servers()

    def run(self) -> Iterator[Flaw]:
        yield from self._structure()
        yield from self._values()
        for at in self.file.instances(SECURITY):
            yield from self._account(at)
        yield from self._pairs()
        for at in self.file.instances(SERVER):
            yield from self._server(at)
        yield from self._access()
        yield from self._links()
        yield from self._size()

    # What is there

    def _value(self, number: int, at: Instance, resource: int) -> Any:
        """The value of a single resource; None where it is not there, or not what its type says."""
        found, field = at.find(resource), FIELDS[number][resource]
        if found is None or found.value is None:
            return None
        try:
            value = tables.decode_value(field.type, found.value)
        except ValueError:
            return None
        return found.value if field.type == "opaque" else value

    def _flaw(self, number: int, at: Instance, resource: Optional[int], reason: str, fatal: bool = True) -> Flaw:
        found = None if resource is None else at.find(resource)
        path = f"/{number}/{at.id}"
        if resource is not None:
            path += f"/{resource} {tables.name(number, resource)}".rstrip()
        return Flaw(found.place if found else at.place, f"{path}: {reason}", fatal)

    def _servers(self) -> Dict[int, List[Instance]]:
        """The Security instances of each Short Server ID, but for bootstrap servers."""
        servers: Dict[int, List[Instance]] = {}
        for at in self.file.instances(SECURITY):
            number = self._value(SECURITY, at, SSID)
            if number is not None and not self._value(SECURITY, at, BOOTSTRAP):
                servers.setdefault(number, []).append(at)
        return servers

    # Numbers and types

    def _structure(self) -> Iterator[Flaw]:
        for number, times in Counter(each.id for each in self.file.objects).items():
            if times > 1:
                place = [each.place for each in self.file.objects if each.id == number][1]
                yield Flaw(place, f"/{number}: the object stands {times} times in the record; once is expected")
        for each in self.file.objects:
            seen: Set[int] = set()
            for at in each.instances:
                if at.id in seen:
                    yield self._flaw(each.id, at, None, "the instance stands more than once")
                if NOBODY in (at.id, each.id):
                    yield self._flaw(each.id, at, None, "65535 is reserved")
                seen.add(at.id)
                yield from self._twice(each.id, at)

    def _twice(self, number: int, at: Instance) -> Iterator[Flaw]:
        seen: Set[int] = set()
        for resource in at.resources:
            path = f"/{number}/{at.id}/{resource.id} {tables.name(number, resource.id)}".rstrip()
            if resource.id in seen:
                yield Flaw(resource.place, f"{path}: the resource stands more than once")
            seen.add(resource.id)
            for each, times in Counter(each for each, _ in resource.instances).items():
                if times > 1:
                    yield Flaw(resource.place, f"{path}: instance {each} stands {times} times")

    def _values(self) -> Iterator[Flaw]:
        for each in self.file.objects:
            for at in each.instances:
                for resource in MANDATORY.get(each.id, ()):
                    if at.find(resource) is None:
                        name = tables.name(each.id, resource)
                        yield self._flaw(each.id, at, None, f"resource {resource}, {name}, is missing")
                for resource in at.resources:
                    field = FIELDS.get(each.id, {}).get(resource.id)
                    if field is None:
                        continue
                    if (resource.value is None) != field.multiple:
                        kind = "a multiple resource" if field.multiple else "a single value"
                        yield self._flaw(each.id, at, resource.id, f"{kind} is expected")
                        continue
                    for value in _all_of(resource):
                        try:
                            tables.decode_value(field.type, value)
                        except ValueError as error:
                            yield self._flaw(each.id, at, resource.id, str(error))

    def _range(self, number: int, at: Instance, resource: int, lowest: int, highest: int) -> Iterator[Flaw]:
        value = self._value(number, at, resource)
        if value is not None and not lowest <= value <= highest:
            yield self._flaw(number, at, resource, f"{value} is not within {lowest} to {highest}")

    # Accounts

    def _account(self, at: Instance) -> Iterator[Flaw]:
        say = partial(self._flaw, SECURITY, at)
        mode, bootstrap = self._value(SECURITY, at, MODE), self._value(SECURITY, at, BOOTSTRAP)
        if mode is not None and mode not in NEEDS:
            known = ", ".join(f"{number} {_NAMES[number]}" for number in NEEDS)
            yield say(MODE, f"mode {mode} is none that a client of 1.0 has: {known}")
        yield from self._uri(at, mode)
        if mode in NEEDS:
            yield from self._keys(at, mode)
        for resource in (11, 12):
            yield from self._range(SECURITY, at, resource, 0, 2**32 - 1)
        for resource in (MATCHING, USAGE):
            yield from self._range(SECURITY, at, resource, 0, 3)
        yield from self._sms(at, mode)
        sni = self._value(SECURITY, at, SNI)
        if sni is not None and not re.fullmatch("[A-Za-z0-9._-]+", sni):
            yield say(SNI, "a host name is expected")
        suites = at.find(SUITES)
        if suites and any(int.from_bytes(value, "big") > 0xFFFF for _, value in suites.instances):
            yield say(SUITES, "a cipher suite has 16 bits")
        if bootstrap and at.find(SSID):
            yield say(SSID, "a bootstrap server has none; clients pass it over", fatal=False)

    def _uri(self, at: Instance, mode: Optional[int]) -> Iterator[Flaw]:
        say = partial(self._flaw, SECURITY, at)
        uri = self._value(SECURITY, at, URI)
        if uri is None:
            return
        if len(uri.encode()) > 255:
            yield say(URI, f"{len(uri.encode())} bytes are too long; 255 are the most")
        scheme = uri.partition(":")[0]
        if scheme in SMS:
            if at.find(SMS_MODE) is None:
                yield say(URI, f"{scheme}: needs an SMS Security Mode")
            return
        if scheme not in SECURE | PLAIN:
            yield say(URI, f"{tables.quoted(uri)} is no URI of a server; coap://host:port or coaps://host:port is expected")
            return
        match = _URI.fullmatch(uri)
        if not match or (match[3] and not 0 < int(match[3]) <= 65535):
            yield say(URI, f"{tables.quoted(uri)} has no host and port; {scheme}://host:port is expected")
        if mode in NEEDS and (scheme in SECURE) == (mode == 3):
            wants = "psk, rpk or x509" if scheme in SECURE else "nosec"
            yield say(URI, f"the scheme {scheme} goes with {wants}, but the mode is {_NAMES[mode]}")

    def _keys(self, at: Instance, mode: int) -> Iterator[Flaw]:
        say = partial(self._flaw, SECURITY, at)
        sms = self._value(SECURITY, at, SMS_MODE)
        for resource in (IDENTITY, SERVER_KEY, KEY):
            value = self._value(SECURITY, at, resource)
            needed = resource in NEEDS[mode] or (sms == 1 and mode == 3 and resource in NEEDS[0])
            if needed and not value:
                state = "missing" if value is None else "empty"
                who = f"the mode {_NAMES[mode]}" if resource in NEEDS[mode] else "SMS Security Mode 1"
                yield say(resource, f"{who} needs resource {resource}, and it is {state}")
            elif value and not needed:
                yield say(resource, f"the mode {_NAMES[mode]} has no use for it, but it is {len(value)} bytes")
        unused = {IDENTITY, SERVER_KEY, KEY}.difference(NEEDS[mode])
        missing = ", ".join(str(number) for number in sorted(unused) if at.find(number) is None)
        if missing:
            reason = f"there is no resource {missing}, mandatory in 1.0 if only empty; a client may refuse that"
            yield say(None, reason, fatal=False)
        identity, key = (self._value(SECURITY, at, resource) or b"" for resource in (IDENTITY, KEY))
        if mode == 0 or sms == 1:
            for resource, value, most in ((IDENTITY, identity, 128), (KEY, key, 64)):
                if len(value) > most:
                    yield say(resource, f"{len(value)} bytes are too long; a client need not take more than {most}")
            if 0 < len(key) < 16:
                yield say(KEY, f"{len(key)} bytes are short; 16 random bytes are recommended", fatal=False)
        elif mode in ROLES:
            yield from self._roles(at, mode)

    def _roles(self, at: Instance, mode: int) -> Iterator[Flaw]:
        say = partial(self._flaw, SECURITY, at)
        matching = self._value(SECURITY, at, MATCHING) or 0
        for resource, role in ROLES[mode].items():
            value = self._value(SECURITY, at, resource) or b""
            if not value:
                continue
            if resource == SERVER_KEY and matching in HASHES:
                if len(value) != HASHES[matching]:
                    wanted = f"a hash of {HASHES[matching]} bytes, as the Matching Type {matching} says, is expected"
                    yield say(resource, f"{wanted}; these are {len(value)}")
                continue
            for kind in _kinds(value) if (resource, mode) == (IDENTITY, 2) else [keys.kind(value)]:
                if kind != role:
                    found = f"this is {kind}" if kind else "this is nothing of the kind, or cut off"
                    help_with_it = keys.CONVERT.get(kind or "", "")
                    yield say(resource, f"{role} in DER is expected; {found}{help_with_it}")
                    break
        identity, key = (self._value(SECURITY, at, resource) or b"" for resource in (IDENTITY, KEY))
        point = keys.public_point(key)
        if point and identity and point not in identity:
            yield say(KEY, "the private key is not that of the Public Key or Identity, resource 3")

    def _sms(self, at: Instance, mode: Optional[int]) -> Iterator[Flaw]:
        say = partial(self._flaw, SECURITY, at)
        sms = self._value(SECURITY, at, SMS_MODE)
        if sms is not None and sms not in (1, 2, 3) and not 204 <= sms <= 255:
            yield say(SMS_MODE, f"{sms} is reserved; 1 DTLS, 2 secured packets, 3 NoSec")
        if sms == 1 and mode in ROLES:
            yield say(SMS_MODE, f"1 is DTLS with a pre-shared key, but the mode is {_NAMES[mode]}")
        for resource, lengths in ((SMS_PARAMETERS, (6, 7)), (SMS_KEYS, (16, 32, 48))):
            value = self._value(SECURITY, at, resource)
            if sms == 2 and not value:
                yield say(resource, f"secured packets (SMS Security Mode 2) need resource {resource}")
            elif value and len(value) not in lengths:
                wanted = ", ".join(map(str, lengths[:-1])) + f" or {lengths[-1]}"
                yield say(resource, f"{wanted} bytes are expected; these are {len(value)}")
        number = self._value(SECURITY, at, SMS_NUMBER)
        if number is not None and not re.fullmatch(r"\+?[0-9]{1,20}", number):
            yield say(SMS_NUMBER, f"{tables.quoted(number)} is no telephone number; digits are, with + in front or not")

    def _pairs(self) -> Iterator[Flaw]:
        bootstraps = [at for at in self.file.instances(SECURITY) if self._value(SECURITY, at, BOOTSTRAP)]
        for at in bootstraps[1:]:
            reason = f"/0/{bootstraps[0].id} is a bootstrap server already; one is the most"
            yield self._flaw(SECURITY, at, BOOTSTRAP, reason)
        named: Dict[int, List[Instance]] = {}
        for at in self.file.instances(SERVER):
            named.setdefault(self._value(SERVER, at, 0), []).append(at)
        for at in self.file.instances(SECURITY):
            if self._value(SECURITY, at, BOOTSTRAP) is False and at.find(SSID) is None:
                yield self._flaw(SECURITY, at, None, "resource 10, Short Server ID, is missing")
        for number, mine, other, resource in ((SECURITY, self.servers, named, SSID), (SERVER, named, self.servers, 0)):
            for ssid, all_of_it in mine.items():
                if ssid is None:
                    continue
                first = all_of_it[0]
                if not 0 < ssid < NOBODY:
                    yield self._flaw(number, first, resource, f"{ssid} is not within 1 to 65534")
                elif ssid not in other:
                    wanted = "Server" if number == SECURITY else "Security"
                    reason = f"no instance of the {wanted} object has the Short Server ID {ssid}"
                    yield self._flaw(number, first, resource, reason)
                for at in all_of_it[1:]:
                    reason = f"{ssid} is the Short Server ID of /{number}/{first.id} already"
                    yield self._flaw(number, at, resource, reason)
        if not bootstraps and not any(0 < ssid < NOBODY for ssid in self.servers):
            yield Flaw(self.file.place, "there is neither a server account nor one of a bootstrap server")

    def _server(self, at: Instance) -> Iterator[Flaw]:
        say = partial(self._flaw, SERVER, at)
        for resource in (LIFETIME, PMIN, PMAX, DISABLE_TIMEOUT):
            yield from self._range(SERVER, at, resource, 0, 2**32 - 1)
        pmin, pmax = (self._value(SERVER, at, resource) or 0 for resource in (PMIN, PMAX))
        if 0 < pmax < pmin:
            yield say(PMAX, f"pmax {pmax} is less than pmin {pmin}")
        binding = self._value(SERVER, at, BINDING)
        if binding is None:
            return
        if not re.fullmatch("[UMHTSNQ]{1,7}", binding) or len(set(binding)) < len(binding) or binding == "Q":
            known = "U, UQ, S, SQ, US, UQS, and from 1.1 on letters of UMHTSN"
            yield say(BINDING, f"{tables.quoted(binding)} is no binding; {known} are")
        elif "S" in binding:
            accounts = self.servers.get(self._value(SERVER, at, 0), [])
            if accounts and accounts[0].find(SMS_NUMBER) is None:
                number = f"/0/{accounts[0].id}/9, the number of the server,"
                yield say(BINDING, f'"{binding}" has SMS, but {number} is missing')

    # The rest

    def _access(self) -> Iterator[Flaw]:
        targets: Dict[Tuple[Any, Any], int] = {}
        for at in self.file.instances(ACCESS):
            say = partial(self._flaw, ACCESS, at)
            number, instance, owner = (self._value(ACCESS, at, resource) for resource in (0, 1, 3))
            yield from self._range(ACCESS, at, 0, 1, NOBODY - 1)
            yield from self._range(ACCESS, at, 1, 0, NOBODY)
            if number is not None and instance is not None:
                first = targets.setdefault((number, instance), at.id)
                if first != at.id:
                    yield say(0, f"/2/{first} is about /{number}/{instance} already")
            if owner is not None and owner != NOBODY and owner not in self.servers:
                yield say(3, f"the owner {owner} is the Short Server ID of no account; 65535 is the bootstrap")
            rights = at.find(2)
            for ssid, value in rights.instances if rights else []:
                if ssid and ssid not in self.servers:
                    yield say(2, f"{ssid} is the Short Server ID of no account; 0 is the default of all")
                if int.from_bytes(value, "big") > 31:
                    yield say(2, f"the rights of {ssid} have more than the bits 0 to 4 (RWEDC)")
        if len(self.servers) > 1 and not any(self.file.instances(ACCESS)):
            place = list(self.servers.values())[1][0].place
            reason = "and no access control: a client may refuse that, or give them no rights"
            yield Flaw(place, f"there are {len(self.servers)} servers {reason}", False)

    def _links(self) -> Iterator[Flaw]:
        there = {(each.id, at.id) for each in self.file.objects for at in each.instances}
        for number, resource in LINKS:
            for at in self.file.instances(number):
                found = at.find(resource)
                for value in [] if found is None else _all_of(found):
                    to = (int.from_bytes(value[:2], "big"), int.from_bytes(value[2:], "big"))
                    if len(value) != 4 or to == (NOBODY, NOBODY):
                        continue
                    if to[0] != LINKS[number, resource]:
                        wanted = f"an instance of /{LINKS[number, resource]} is expected"
                        yield self._flaw(number, at, resource, f"it links to /{to[0]}/{to[1]}; {wanted}")
                    elif to not in there:
                        reason = f"it links to /{to[0]}/{to[1]}, which the record does not have"
                        yield self._flaw(number, at, resource, reason)

    def _size(self) -> Iterator[Flaw]:
        try:
            size = len(encode(self.file))
        except Refused as error:
            yield from error.flaws
            return
        if size > LARGEST:
            yield Flaw(self.file.place, f"the file is {size} bytes; {LARGEST} are the most (Appendix G.3.3)")
        if self.file.tail.strip(b"\xff"):
            place: Place = ("tail_hex",) if isinstance(self.file.place, tuple) else size - len(self.file.tail)
            reason = "bytes stand behind the record that are not FF; clients do not look at them"
            yield Flaw(place, f"{len(self.file.tail)} {reason}", False)


def _all_of(resource: Resource) -> List[bytes]:
    """The value, or all of them."""
    return [value for _, value in resource.instances] if resource.value is None else [resource.value]


def _kinds(chain: bytes) -> List[Optional[str]]:
    """Of each certificate of a chain."""
    try:
        return [keys.kind(one) for one in keys.split(chain)]
    except ValueError:
        return [keys.kind(chain)]
