"""Matters that an authority forwarded to the firm: what such a matter is told by, and what authorities are called."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from complaints.words import ZH, Title

REPORT_BACK: Final = "report_back"
"""The letter to the authority: what became of the matter."""

REPORT_BACK_SENT: Final = f"{REPORT_BACK}_sent"
"""The event that a pack's clock for the report ends with."""

_NFRA: Final = Title(zh="国家金融监督管理总局", en="National Financial Regulatory Administration")

AUTHORITIES: Final[Mapping[str, Title]] = {
    "nfra": _NFRA,
    "pbc": Title(zh="中国人民银行", en="People’s Bank of China"),
    "csrc": Title(zh="中国证券监督管理委员会", en="China Securities Regulatory Commission"),
    "12378": Title(zh="12378银行保险消费者投诉维权热线", en="12378 banking and insurance consumer hotline"),
    "12363": Title(zh="12363金融消费权益保护咨询投诉电话", en="12363 financial consumers’ hotline of the PBC"),
    "12345": Title(zh="12345政务服务便民热线", en="12345 public service hotline"),
}
"""What a code stands for. Whoever has no code is called as the sender wrote it."""

_PLACES: Final = {
    "beijing": "北京", "tianjin": "天津", "hebei": "河北", "shanxi": "山西", "neimenggu": "内蒙古",
    "liaoning": "辽宁", "jilin": "吉林", "heilongjiang": "黑龙江", "shanghai": "上海", "jiangsu": "江苏",
    "zhejiang": "浙江", "anhui": "安徽", "fujian": "福建", "jiangxi": "江西", "shandong": "山东", "henan": "河南",
    "hubei": "湖北", "hunan": "湖南", "guangdong": "广东", "guangxi": "广西", "hainan": "海南",
    "chongqing": "重庆", "sichuan": "四川", "guizhou": "贵州", "yunnan": "云南", "xizang": "西藏",
    "shaanxi": "陕西", "gansu": "甘肃", "qinghai": "青海", "ningxia": "宁夏", "xinjiang": "新疆",
    "dalian": "大连", "ningbo": "宁波", "xiamen": "厦门", "qingdao": "青岛", "shenzhen": "深圳",
}  # fmt: skip
"""The places of the NFRA's bureaus."""


def key_of_authority(text: str) -> str:
    """Return an authority, or its number, as it is compared.

    Width, case, blanks and the form of brackets do not count; a blank between two figures does.

    >>> key_of_authority("沪金监转〔２０２６〕 12号") == key_of_authority("沪金监转[2026]12号")
    True
    """
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
    return re.sub(r"\s+(?![0-9a-z])|(?<![0-9a-z])\s+", "", " ".join(plain.split()))


_SIGNS: Final = str.maketrans("〔【(〕】)‐‑–—", "[[[]]]----")


def name_of_authority(authority: str, language: str) -> str:
    """Return what an authority is called in a letter: by its code, else as it was written."""
    code = authority.strip().casefold()
    head, _, place = code.partition("-")
    if known := AUTHORITIES.get(code):
        return known.word(language)
    if head == "nfra" and place in _PLACES:
        zh = f"{_NFRA.zh}{_PLACES[place]}监管局"
        return zh if language == ZH else f"{place.capitalize()} Bureau of the {_NFRA.en}"
    return authority


def polite_you(name: str) -> str:
    """Return how an authority is addressed in Chinese: 贵局, 贵行, or 贵单位."""
    return {"局": "贵局", "行": "贵行", "会": "贵会"}.get(name[-1:], "贵单位")
