"""Which columns say who wrote a text, where, when, or about which thing, rather than what it is?"""

from __future__ import annotations

from ia3_studio.data.column_names import name_words, says, says_last, word_list

_WORDS_OF_A_NAME = 4
"""Words of a name; more of them are a question."""
ABOUT_ROW = word_list("""
    corpus dataset subset collection verified retweeted retweet pinned archived edited vine anonymous
    san_pham thanh_pho chi_nhanh nhan_vien ngon_ngu produk kota cabang karyawan toko wilayah petugas tone voice
    student pupil schuler eleve alumno aluno studente technician technik technicien tecnico tekniker doctor
    担当医 医師 상담사 医生 学号 termek varos bolt produs oras magazin tuote kaupunki osasto toimipiste товар місто
    speaker author creator user username reviewer annotator worker assignee reporter requester taster country state city
    rater raters evaluator marker assessor
    location province region language department agency owner handler agent assigned store branch shop site product
    brand make mfr manufacturer model version platform device os browser channel source year month week quarter day
    weekday gender sex
    age nationality color size currency unit team office shift course semester chapter page publisher
    scene episode season volume verse training seminar workshop formation schulung lehrgang cours taller modulo
    format medium company customer client manufacturer vendor supplier origin app by room building floor
    filiale abteilung bearbeiter mitarbeiter kurs produkt marke land ort stadt region sprache jahr monat
    geschlecht kanal
    quelle standort kunde team datum zustandig
    tienda sucursal departamento producto marca pais ciudad idioma ano mes sexo genero canal fuente curso responsable
    magasin agence service produit marque pays ville langue annee mois sexe canal responsable
    comune negozio filiale reparto prodotto marca paese citta lingua anno mese sesso canale corso
    loja filial departamento produto cidade curso canal winkel afdeling product stad medewerker sklep oddzial produkt
    miasto pobocka handlaggare kommun saksbehandler kunta kasittelija oddeleni butik avdelning magaza sube urun sehir
    магазин филиал отдел товар город страна язык год месяц пол источник канал сотрудник
    处理人 经办人 负责人 客服人员 担当者 담당자
    门店 店铺 产品 商品 城市 地区 部门 渠道 来源 店舗 店名 部署 商品名 年代 性別 都道府県 地域 担当 매장 부서
    상품 지역 성별
    регион область район врач исполнитель автор отделение больница школа суд судья 支店 支社 作者 法院 法官
    分行 网点 坐席 医院 学校 科室 病院 裁判所 著者 지점 지사 의사 작가 법원 병원 학교
    регіон лікар виконавець автор відділення лікарня
    الفرع المدينة القسم الموظف الطبيب المحكمة القناة المنطقة סניף עיר מחלקה טכנאי רופא נציג בית_משפט
    शाखा शहर विभाग कर्मचारी สาขา จังหวัด แผนก ผู้รับผิดชอบ nguoi_xu_ly phong_ban bac_si toa_an
    court judge ward clinic hospital school branch_office gericht richter klinik krankenhaus schule station
    arzt amt ressort     tribunal tribunale juzgado juez juridiction etablissement hopital ecole medecin medico
    escuela agencia
    agenzia ospedale scuola ufficio giudice escola clinica setor lekarz szpital szkola dzial lekar nemocnice skola
    mahkeme hastane okul doktor birim καταστημα τεχνικος υποκαταστημα πολη νοσοκομειο fiok osztaly ugyintezo korhaz
    iskola vestiging ziekenhuis rechtbank sjukhus domstol sykehus
""") - {"service", "state"}  # fmt: skip
"""Words for who wrote a text, where, when, and about which thing: a label only where there is no other."""


def is_about_row(name: str) -> bool:
    """Say whether a column is called after who wrote a text, where, when, or about which thing, in a few words."""
    return len(name_words(name)) <= _WORDS_OF_A_NAME and says(name, ABOUT_ROW) and not says_last(name, _SAID_BY_USERS)


_SAID_BY_USERS = frozenset(("rating", "score", "stars", "suggestion", "recommendation", "recommended", "sentiment"))
"""Words that end the name of a label, also behind one for a person, as of user_rating."""
