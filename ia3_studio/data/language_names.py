"""Which words name a language? In English, by codes, and in the languages themselves."""

from __future__ import annotations

import re

LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        """
        ar bg bn ca cs da de el en es et fa fi fr gu ha he hi hr hu hy id ig is it ja ka kk km kn ko lt lv mk
        ml mr ms
        mt my ne nl no pa pl ps pt ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi xh yo zh zu jp cn
        kr cz ua
        ara ben bul cat ces cmn dan deu ell eng est eus fas fin fra ger heb hin hrv hun ind isl ita jpn kor
        lit lav mar
        nld nor pol por ron rus slk slv spa srp swe swh tam tel tha tur ukr urd vie yor zho zul
        english german french spanish italian portuguese russian chinese japanese korean arabic dutch polish
        turkish
        hindi swedish danish norwegian finnish greek hebrew czech hungarian romanian ukrainian vietnamese thai
        indonesian latin
        deutsch englisch franzosisch spanisch italienisch russisch turkisch polnisch
        francais anglais allemand espagnol italien russe arabe chinois
        espanol ingles frances aleman italiano ruso portugues inglese francese tedesco spagnolo alemao
        angielski niemiecki polski engels duits nederlands svenska engelska tyska
        wolof swahili hausa igbo yoruba zulu xhosa somali amharic tigrinya kinyarwanda luganda twi shona
        lingala bambara
        afrikaans albanian armenian azerbaijani basque belarusian bengali bosnian breton bulgarian burmese
        catalan
        cantonese cebuano croatian esperanto estonian filipino galician georgian gujarati icelandic irish
        javanese
        kannada kazakh khmer kurdish kyrgyz lao latvian lithuanian luxembourgish macedonian malagasy malay
        malayalam
        maltese mandarin maori marathi mongolian nepali pashto persian farsi punjabi quechua sanskrit serbian
        sindhi
        sinhala slovak slovenian slovene sundanese tagalog tajik tamil tatar telugu tibetan turkmen urdu
        uyghur uzbek
        welsh yiddish creole
        русский английский немецкий французский испанский итальянский китайский японский польский украинский
        турецкий
        українська англійська німецька польська російська французька
        日本語 英語 中国語 韓国語 仏語 独語 フランス語 ドイツ語 スペイン語 ベトナム語 英文 和文 中文
        英语 汉语 日语 韩语 法语 德语 俄语 西班牙语
        繁體中文 简体中文 英文版 中文版 日文 韩文 德文 法文 한국어 영어 일본어 중국어 독일어 프랑스어 스페인어 베트남어
        العربية الإنجليزية الفرنسية التركية الفارسية עברית אנגלית ערבית רוסית
       
        ελληνικα αγγλικα γερμανικα γαλλικα turkce ingilizce almanca fransizca arapca rusca cesky cestina
        anglicky anglictina
        nemecky nemcina francouzsky slovensky polsky polszczyzna hiszpanski francuski rosyjski ukrainski
        wloski czeski
        magyar angol nemet francia olasz romana engleza germana franceza suomi englanti ruotsi saksa norsk
        engelsk tysk
        dansk svensk fransk spansk frans spaans italiaans portugees chines japones coreano arabo russo cinese
        giapponese
        polacco turco rumano catalan catala gallego euskera portugais neerlandais polonais turc japonais
        coreen
        niederlandisch portugiesisch arabisch chinesisch japanisch koreanisch ukrainisch tschechisch ungarisch
        """,
    )
)
"""Words for languages in the names of columns."""
