"""Provinces by their codes: ISO 3166-2:CN, with letters and with the older numbers (GB/T 2260)."""

from collections.abc import Mapping
from typing import Final

from complaints.words import Title

_PROVINCES: Final = (
    ("BJ", "11", "北京市", "Beijing"),
    ("TJ", "12", "天津市", "Tianjin"),
    ("HE", "13", "河北省", "Hebei"),
    ("SX", "14", "山西省", "Shanxi"),
    ("NM", "15", "内蒙古自治区", "Inner Mongolia"),
    ("LN", "21", "辽宁省", "Liaoning"),
    ("JL", "22", "吉林省", "Jilin"),
    ("HL", "23", "黑龙江省", "Heilongjiang"),
    ("SH", "31", "上海市", "Shanghai"),
    ("JS", "32", "江苏省", "Jiangsu"),
    ("ZJ", "33", "浙江省", "Zhejiang"),
    ("AH", "34", "安徽省", "Anhui"),
    ("FJ", "35", "福建省", "Fujian"),
    ("JX", "36", "江西省", "Jiangxi"),
    ("SD", "37", "山东省", "Shandong"),
    ("HA", "41", "河南省", "Henan"),
    ("HB", "42", "湖北省", "Hubei"),
    ("HN", "43", "湖南省", "Hunan"),
    ("GD", "44", "广东省", "Guangdong"),
    ("GX", "45", "广西壮族自治区", "Guangxi"),
    ("HI", "46", "海南省", "Hainan"),
    ("CQ", "50", "重庆市", "Chongqing"),
    ("SC", "51", "四川省", "Sichuan"),
    ("GZ", "52", "贵州省", "Guizhou"),
    ("YN", "53", "云南省", "Yunnan"),
    ("XZ", "54", "西藏自治区", "Tibet"),
    ("SN", "61", "陕西省", "Shaanxi"),
    ("GS", "62", "甘肃省", "Gansu"),
    ("QH", "63", "青海省", "Qinghai"),
    ("NX", "64", "宁夏回族自治区", "Ningxia"),
    ("XJ", "65", "新疆维吾尔自治区", "Xinjiang"),
    ("TW", "71", "台湾省", "Taiwan"),
    ("HK", "91", "香港特别行政区", "Hong Kong"),
    ("MO", "92", "澳门特别行政区", "Macao"),
)

REGIONS: Final[Mapping[str, Title]] = {
    f"CN-{code}": Title(zh=zh, en=en) for letters, number, zh, en in _PROVINCES for code in (letters, number)
}
"""The name of a province by its code, such as CN-SH or CN-31."""
