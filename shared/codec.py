"""Bytes on the wire: JSON in a zstd frame, bounded on both sides of the compression.

Both ends load the same dictionary, a text that looks like our messages, so that a single sale packs to less than
half of what it would alone. It belongs to wire version 1 and never changes; a better one is a new wire version.
"""

from __future__ import annotations

import zstandard

MAX_COMPRESSED_BYTES = 256 * 1024
MAX_OPENED_BYTES = 4 * 1024 * 1024
_LEVEL = 6

# Later text is cheaper to refer to, so the most frequent shapes stand last.
_DICTIONARY_TEXT = (
    '{"type":"answer","question":"","body":{"answer":"member","masked_name":"","points":0}}'
    '{"type":"fork","incarnation":"","watermark":0,"reason":"below_watermark"}{"type":"reject","reason":""}'
    '{"kind":"series","series":"","reason":"first"}{"kind":"epoch","reason":"restored","previous_epoch":""}'
    '{"kind":"return","original":"","of_line":1,"refund_minor":1,"tax_minor":1,"approved_by":""}{"kind":"void","reason":""}'
    '{"kind":"swipe","member":{"sealed_card":"'
    '{"type":"hello","last_seq":0,"last_head":"","oldest_seq":1,"acked_seq":0,"incarnation":"","reported":'
    '{"type":"state","reported":{"software":"","engine":1,"desired_serial":1,"staged":[2],"tills":[{"till":"t1",'
    '"version":1,"oldest_open_version":1}],"body_hashes":{"items/chain":"","overrides/":"","prices/":"",'
    '"promotions/chain":""},"members_version":1,"backlog":0,"backlog_since_ms":0,"parked":0,"disk_free_bytes":0,'
    '"problems":[]}}'
    '{"type":"ack","id":"01a","agent":"","connection":"01a","at_ms":1,"sent_ms":17,"epoch":"01a","incarnation":"01a",'
    '"seq":1}'
    '"Europe/London""Europe/Berlin""Europe/Paris""Asia/Tokyo""Asia/Singapore""Asia/Hong_Kong""America/Los_Angeles"'
    '"America/Chicago""America/New_York""EUR""GBP""USD"'
    '{"type":"batch","id":"01a","agent":"","connection":"01a","at_ms":1,"sent_ms":17,"epoch":"01a","first":1,'
    '"previous":"","events":[{"kind":"sale","id":"01a0","store":"s1","at_ms":1,"business_date":"2026-01-01",'
    '"device":{"wall_ms":1,"hq_offset_ms":1,"quality":"held"},"till":"t1","till_kind":"self_checkout","cashier":"c1",'
    '"receipt":{"series":"","number":1,"previous":""},"book":{"version":1,"manifest":"","engine":1,'
    '"zone":"Asia/Shanghai"},"currency":"CNY","member":{"member":"01a0","sealed_card":"","tier":"gold"},'
    '"coupons":[{"code":"","line":1,"supplier_minor":50,"chain_minor":50}],'
    '"tenders":[{"method":"alipay","minor":1},{"method":"cash","minor":1,"change_minor":1}],"total_minor":1,'
    '"opened_before_ms":1,"priced_before_ms":1,"taxes":[["standard",1300],["reduced",900],["zero",0]],"lines":['
    '["1",1,[1999,1000],[],{"unit":"ml"}],["1",456,[1999,1000],[["member_price",25]],{"tax":1,"unit":"g"}],'
    '["1",1,100,[["paper_coupon",50,"",{"supplier":10000}],["coupon_match",50,""]]],["1",1,100,[],{"n":4,"tax":1}],'
    '["1",1,199,[],{"code":"69"}]]}'
    '{"type":"batch","id":"019","agent":"s1-a","connection":"019","at_ms":17,"sent_ms":17,"epoch":"019","first":1,'
    '"previous":"=","events":[{"kind":"sale","id":"019","store":"s1","at_ms":17,"business_date":"2026-01-01",'
    '"device":{"wall_ms":17,"hq_offset_ms":1,"quality":"synced"},"till":"t1","cashier":"c1","receipt":{"series":"a1b2",'
    '"number":1,"previous":""},"book":{"version":1,"manifest":"","engine":1,"zone":"Asia/Shanghai"},"currency":"CNY",'
    '"member":{"member":"019","tier":""},"tenders":[{"method":"wechat","minor":1,"reference":"","attempt":"019"},'
    '{"method":"bank_card","minor":1},{"method":"cash","minor":1}],"total_minor":1,"opened_before_ms":1,'
    '"priced_before_ms":1,"taxes":[["standard",1300]],"lines":[["1",2,1,[],{"tax":1}],["1",1,149,[["member_price",49]]],'
    '["1",2,199],["1",1,299,[["member_price",50]]],["1",1,99]]}]}'
)
_DICTIONARY = zstandard.ZstdCompressionDict(_DICTIONARY_TEXT.encode(), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
_DICTIONARY.precompute_compress(level=_LEVEL)


class CodecError(ValueError):
    """The bytes cannot be opened: not a zstd frame, truncated, or beyond the limits."""


def pack(data: bytes, *, limit: int = MAX_COMPRESSED_BYTES) -> bytes:
    """Compress a message. Raise CodecError when it would not fit the wire."""
    if len(data) > MAX_OPENED_BYTES:
        raise CodecError(f"message of {len(data)} bytes exceeds {MAX_OPENED_BYTES} bytes opened")
    packed = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_DICTIONARY).compress(data)
    if len(packed) > limit:
        raise CodecError(f"message of {len(packed)} bytes exceeds {limit} bytes compressed")
    return packed


def unpack(data: bytes, *, limit: int = MAX_OPENED_BYTES, compressed_limit: int = MAX_COMPRESSED_BYTES) -> bytes:
    """Open a message. The size the frame declares is checked before a byte is produced: no zip bombs."""
    if len(data) > compressed_limit:
        raise CodecError(f"message of {len(data)} bytes exceeds {compressed_limit} bytes compressed")
    try:
        declared = zstandard.frame_content_size(data)
        if declared < 0 or declared > limit:
            raise CodecError(f"frame declares {declared} bytes, limit is {limit}")
        return zstandard.ZstdDecompressor(dict_data=_DICTIONARY).decompress(
            data, max_output_size=limit, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise CodecError(f"not a complete zstd frame: {error}") from error
