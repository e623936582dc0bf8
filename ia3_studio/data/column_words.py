"""Which words in the name of a column say its part? In the languages in which people name columns."""

from __future__ import annotations

import re

from ia3_studio.data.column_names import bare_name, folded, name_words, says, says_last

_WORDS_OF_A_NAME = 4
"""Words of a name; more of them are a question."""
_SCALE = re.compile(
    r"\b(?:out of|sur|von|de|su|van|op|av|af|z|из|dari)\s*(?:5|6|7|10|20|100)\b|/\s*(?:5|6|10|20|100)\b"
    r"|\b[01]\s*(?:-|–|—|\.\.|to|bis|à|a|al|до|～|~)\s*(?:5|6|7|10|20|100)\b|満点|分制",
    re.IGNORECASE,
)
"""How the name of a rating says between which numbers it is."""
_GRADES = frozenset(("note", "notes", "noten"))


def is_scale(name: str, *, holds_numbers: bool) -> bool:
    """Say whether a column of numbers is a rating by its name: with its scale, or a grade as French and German say it.

    Example:
        >>> is_scale("Qualité (sur 5)", holds_numbers=True), is_scale("Note", holds_numbers=False)
        (True, False)
    """
    return holds_numbers and (_SCALE.search(name) is not None or says(name, _GRADES))


def is_about_row(name: str) -> bool:
    """Say whether a column is called after who wrote a text, where, when, or about which thing, in a few words."""
    return len(name_words(name)) <= _WORDS_OF_A_NAME and says(name, ABOUT_ROW) and not says_last(name, _SAID_BY_USERS)


_SAID_BY_USERS = frozenset(("rating", "score", "stars", "suggestion", "recommendation", "recommended", "sentiment"))
"""Words that end the name of a label, also behind one for a person, as of user_rating."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(folded(text).casefold().split())


ASKED = _listed("""
    cau_hoi yeu_cau permintaan tanya soalan intrebari zapros zadost kerelem ansokan henvendelse sporsmaal eroteema
    zahtjev pitanje вопросы запит звернення въпрос питање שאלות پرسش سوال
    question questions query prompt instruction ask asked request inquiry enquiry ticket
    frage anfrage aufgabe pregunta consulta solicitud demande requete domanda richiesta pergunta solicitacao vraag
    verzoek pytanie zapytanie otazka dotaz fraga fragen sporgsmal sporsmal kysymys soru talep kerdes intrebare
    вопрос запрос питання ερωτηση שאלה سؤال प्रश्न คำถาม pertanyaan
    السؤال الاستفسار الطلب
    问题 問題 提问 问句 質問 質問文 お問い合わせ 問い合わせ 질문 문의
""")
"""Words for what is asked."""
ANSWERED = _listed("""
    tra_loi phan_hoi tindakan penyelesaian tanggapan balasan jawapan odgovor rjesenje resenje otgovor 
    жауап отговор   پاسخ תשובות afhandeling mitigation remedy workaround fix maatregel massnahme
    parere dictamen dictamenes conseil consejo advice einschatzung stellungnahme gutachten
    answer answers response responses reply replies solution solutions completion output resolution patch
    behebung abhilfe counter_narrative counter_speech counterspeech counternarrative rebuttal counterargument
    antwort antworten losung respuesta solucion reponse risposta soluzione resposta solucao antwoord oplossing
    odpowiedz
    odpoved reseni svar losning atgard tiltak ratkaisu vastaus yanit cevap cozum valasz raspuns ответ решение
    відповідь απαντηση תשובה جواب
    إجابة الجواب उत्तर คำตอบ jawaban
    الإجابة الرد الحل
    解决 方案 处理结果 対応 対処 解決 해결 조치 처리결과
    回答 答案 答复 回复 答え 回答文 返信 返答 対応内容 답변 답 응답
""")
"""Words for what answers."""
CONTEXTS = _listed("""
    context passage paragraph schema kontext textstelle absatz abschnitt contexte extrait passage contexto pasaje
    fragmento contesto passaggio brano passagem trecho tekstfragment fragment kontekst baglam parca контекст отрывок
    абзац 上下文 段落 语境 文脈 抜粋 문맥 지문 سياق
""")
"""Words for a text that a question is about."""
DECIDING = _listed("""
    winner winning better best preferred preference besser bessere beste bester bevorzugt gewinner mejor preferida
    preferido ganador meilleur meilleure preferee prefere gagnant migliore preferita preferito vincitore melhor
    vencedor beter voorkeur lepsza lepszy zwyciezca lepsi vitez bast basta battre vinnare daha_iyi kazanan лучший
    лучше победитель кращий переможець 更好 更优 胜者 優勝 勝者 良い方 더_나은 승자 أفضل
""")
"""Words for which of two answers is the better one."""
WHO_ASKS = _listed("""
    user customer human client patient student visitor caller guest buyer citizen applicant requester
    kunde kunden kundin nutzer benutzer patientin cliente usuario paciente alumno utilisateur patient client utente
    paziente klant gebruiker klient uzytkownik zakaznik kund anvandare musteri клиент пользователь пациент 客户
    用户 顾客
    お客様 顧客 고객 사용자
""")
WHO_ANSWERS = _listed("""
    agent bot assistant support chatbot ai our doctor advisor lawyer expert teacher seller therapist operator
    mitarbeiter berater agente soporte asesor conseiller operatore atendente medewerker оператор врач юрист 客服
    客戶服務
    担当者 상담원
""")
SAID = _listed("""
    message text input query utterance msg email mail request inquiry enquiry question wrote says said words body turn
    nachricht anliegen mensaje correo texto message texte courriel messaggio mensagem bericht wiadomosc zprava
    meddelande
    mesaj сообщение письмо обращение 消息 内容 留言 メッセージ 메시지
""")
"""Words for what somebody said."""
READ = _listed("""
    noi_dung nhan_xet binh_luan y_kien mo_ta ulasan komentar keluhan deskripsi isi teks pesan catatan aduan essay
    panasz szoveg leiras velemenyek stiznost recenze zprava anmeldelse
    besked kommentarer palautteet kuvaus valitus viesti sesizare descriere recenzie
    motivering begrundung begrundelse perustelu motivazione motivo justificacion hergang schilderung omschrijving
    descriptif мотив відгук опис скарга заява коментар жалба описание коментар תיאור הערות ביקורת
    توضیحات نظر विवरण शिकायत รายละเอียด 主訴 概要 詳細 상담내용
    text texts comment comments review reviews feedback description narrative remark remarks note notes body content
    message statement docstring complaint opinion tweet post abstract sentence document article story transcript
    kommentar beschreibung bemerkung nachricht rezension ruckmeldung anmerkung freitext bericht
    comentario comentarios descripcion opinion resena texto mensaje queja observaciones
    commentaire commentaires avis texte verbatim remarque
    commento recensione descrizione testo descricao comentarios observacao reclamacao
    opmerking beschrijving recensie tekst toelichting komentarz tresc opinia opis recenzja uwagi popis komentar
    kommentaar omdome beskrivning kommentti palaute yorum metin aciklama sikayet velemeny szoveg
    текст отзыв комментарий описание сообщение жалоба обращение κειμενο σχολιο تعليق نص टिप्पणी ความคิดเห็น ข้อความ
    النص التعليق الشكوى الوصف
    评论 評論 内容 文本 描述 意见 反馈 コメント 本文 感想 自由記述 レビュー 리뷰 본문 내용 의견 댓글
""")
"""Words for a text that is read, such as a review."""
LABELED = _listed("""
    overall
    so_sao phan_loai chu_de linh_vuc muc_do diem cam_xuc decision decisions entscheidung beslut afgorelse beslissing
    paatos decyzja rozhodnuti dontes hotarare decizie karar decisao decisione kategorija ocjena ocena_kupca
    tingkat jenis penilaian skor bintang soort schadenart beschwerdegrund reason grund motif causa
    diagnosis diagnose diagnostic diagnostico 診断 診断名 診断結果 진단 诊断 类型 유형 тема оцінка статус
    настрій דירוג קטגוריה נושא
    دسته امتیاز موضوع
    intencion intenzione intencao absicht intentie zamiar niyet намерение интент намір 意图 意圖 インテント 의도
    label labels category categories class classification intent sentiment topic topics tag tags emotion stars
    rating score polarity stance genre toxic toxicity spam duplicate relevance fraudulent fraud fake sarcastic
    offensive hateful genres marks points verdict outcome majority severity priority urgency status grade similarity
    feeling mood target satisfaction theme effectiveness helpfulness readability politeness formality correctness
    quality coherence usefulness hostility satisfied recommend recommended suggestion
    acceptable acceptability entailment worthiness annotation
    anomaly anomalous outlier survived complexity sexist racist misogynous ironic subjectivity
    kategorie etikett klasse bewertung stimmung thema prioritat dringlichkeit note sterne einstufung
    categoria etiqueta clase sentimiento tema prioridad calificacion puntuacion valoracion urgencia estrellas
    etiquette classe sujet theme priorite etoiles appreciation
    tipologia categoria valutazione etichetta argomento priorita voto punteggio stelle sentimento gravita
    avaliacao classificacao assunto prioridade nota estrelas
    beoordeling categorie onderwerp prioriteit sterren cijfer
    kategoria ocena etykieta temat sentyment priorytet hodnoceni stitek priorita kategori betyg omdomesbetyg
    luokka arvosana
    kategori puan duygu etiket oncelik kategoria ertekeles cimke
    оценка метка категория класс тональность тема рейтинг приоритет оцінка категорія κατηγορια βαθμολογια تصنيف
    فئة تقييم
    التصنيف الفئة التقييم श्रेणी ประเภท คะแนน หมวดหมู่ peringkat kategori
    满意度 満足度 만족도 标签 標籤 类别 類別 分类 分類 评分 評分 情感 等级 星级 優先级 ラベル 分類 カテゴリ
    カテゴリー 評価 種別 感情
    satisfecho satisfecha zufrieden satisfait satisfaite soddisfatto soddisfatta satisfeito satisfeita tevreden
    calificas califica calificarias valoras valora valorarias bewerten bewertest notez noteriez evaluez valuti
    valuteresti avalia avaliaria oceniasz beoordeelt оцените оцениваете
    重要度 라벨 분류 카테고리 평점 감정 유형 등급 별점
""") - {"note"}  # fmt: skip
"""Words for what a text is judged to be; German "Note" is an English note far more often."""
WEAK = _listed("type typ tipo tipe art 类型 種類 тип status state stage industry sector branche secteur 行业 業種")
"""Words that make a column a label only where no other is one."""
FLAGGING = frozenset(("is", "has"))
"""Words that make a column a label where they begin its name, as in is_spam, but not inside a question."""
ABOUT_ROW = _listed("""
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
""") - {"service", "state"}  # fmt: skip
"""Words for who wrote a text, where, when, and about which thing: a label only where there is no other."""
PRICED = _listed("""
    price prices salary rent preis gehalt miete precio salario alquiler prix salaire loyer prezzo stipendio
    preco prijs
    cena pris fiyat hinta цена зарплата стоимость 价格 價格 售价 薪资 価格 値段 給与 가격
""")
"""Words for a measurement that is usually predicted of a description."""
AMOUNTS = _listed("""
    amount cost value betrag kosten wert importe monto coste valor montant cout valeur importo costo kwota сумма
    金额 金額 费用 費用 금액
""")
OBSERVED = _listed("measured observed experimental expt exp_value actual gemessen medido mesure misurato")
"""Words for a measurement beside which others are computed."""
COMPUTED = _listed("predicted predictions prediction calc calculated computed estimated pred berechnet")
"""Words for what a model or a formula said."""
RELATED = _listed("""
    relevance relevant similarity duplicate entailment entails nli match matches matching paraphrase related
    relatedness
    equivalent equivalence relation contradiction stance similar same ahnlichkeit similitud similitude somiglianza
    similaridade сходство 相似度 相似 類似度 유사도
""")
"""Words for labels of two texts."""
IN_ORDER = _listed("""
    steps step plan directions instructions procedure workflow sequence outline actions subtasks todo checklist
    schritte anleitung pasos instrucciones etapes passi passos stappen kroki шаги 步骤 手順 단계
""")
"""Words for lists that are one answer together, item by item."""
INGREDIENTS = _listed("ingredients zutaten ingredientes ingredienti ingredienten skladniki ингредиенты 配料 材料 재료")
"""Words for what something is made of."""
DATA = _listed("""
    table tables tripleset triples triplets triple eavs mr meaning representation records facts graph infobox
    linearized data attributes slots structured tabelle tabla tableau json xml kg
""")
"""Words for data that a text is written from."""
RESULT = _listed("""
    final approved revised corrected improved edited generated suggested expected ideal rewritten wording output
    result endgultig freigegeben korrigiert corregido corrige corretto corrigido 最終 修正 修改 正确
""")
"""Words for a text that was made of another one beside it."""
PROBLEMS = _listed("""
    problem issue symptom brief briefing storung problemstellung problema probleme usterka zavada fel hiba
    проблема неисправность 故障 不具合 민원 문제
""")
"""Words for what a solution answers."""
WORSE = _listed(
    "bad wrong incorrect rejected worse worst negative neg student alias aliases candidate candidates distractor"
)
"""Words for answers that are not to be given."""
CODE = _listed("diff patch code changes log logs stacktrace traceback")
"""Words for what a message is written about."""
FAULTY = _listed("ungrammatical incorrect wrong erroneous misspelled faulty fehlerhaft falsch erronee incorrecto")
"""Words for a text of which another one beside it is the correction."""
WRONG = _listed("wrong incorrect false distractor falsch incorrecta incorrecto incorrecte errata sbagliata fout")
"""Words for the other choices."""
WHOLE = _listed("""
    transcription transcript text content body article full_text document report narrative plot story func function code
""")
"""Words for a whole text, of which another column is a short description."""
RIGHT = _listed("""
    correct right gold richtig richtige richtiger correcta correcto correcte corretta corretto esatta esatto giusta
    correta correto certa juste bonne poprawna prawidlowa spravna spravne ratt riktig rigtig oikea juist goed dogru
    правильный правильная верный вірна 正解 正确 正しい 정답 الصحيحة dung
""")
"""Words for the right one of several choices."""
ORIGINAL = _listed("""
    original before raw old source unedited draft ursprunglich vorher antes avant prima 原文 元 修正前 改前 원문
""")
"""Words for a text of which another one beside it was made."""
MADE = _listed("""
    translation summary correction paraphrase simplification rewrite digest abstract minutes action_items takeaways
    caption captions ad advert advertisement ad_copy impression impressions conclusion conclusions
    synopsis cover_letter related_work post_edit postedit
    key_points next_steps meta_description metadescription
    ubersetzung zusammenfassung korrektur kurzfassung traduccion resumen correccion traduction correction traduzione
    riassunto sintesi traducao resumo vertaling samenvatting tlumaczenie streszczenie preklad shrnuti oversattning
    sammanfattning oversettelse sammendrag resume kaannos tiivistelma ceviri ozet forditas osszefoglalo traducere
    rezumat перевод резюме переклад ban_dich tom_tat terjemahan ringkasan 译文 译 翻译 摘要 总结 訳文 翻訳 要約
    번역 요약 やさしい 简化 쉬운
""")
"""Words for a text that is made of another one, whatever stands beside them."""
CONVERTED = _listed("""
    translation transliteration romanization pronunciation phoneme phonemes paraphrase correction amr logical_form
    semantic_parse formal_statement proof hint latex bash_command command patched patched_code
    fixed fixed_code commit_message test_case acceptance_criteria counterclaim counterargument counterspeech debiased
    detoxified plain_language lay_summary post_edit synonym antonym plural treatment
    ubersetzung korrektur traduccion correccion traduction traduzione traducao vertaling tlumaczenie preklad
    oversattning oversettelse kaannos ceviri forditas traducere перевод переклад ban_dich terjemahan
    译文 翻译 訳文 翻訳 번역 校正
""")
"""Words for what another text was turned into, which are answers also beside a category of both."""
TITLED = _listed("""
    title titles subject headline heading name titel betreff uberschrift asunto titulo titre objet sujet oggetto titolo
    assunto onderwerp temat tytul predmet nadpis emne otsikko konu baslik targy cim subiect titlu тема заголовок
    主题 标题 主旨 標題 件名 タイトル 제목
""")
"""Words that end the name of what stands above a text."""
ABOUT_TEXTS = frozenset(
    ("title", "headline", "author", "authors", "creator", "poet", "name", "username", "user", "artist")
)
"""Names of columns that say something about a text: what it is called, who wrote it."""


def is_about_text(name: str) -> bool:
    """Say whether a column is called a title or an author."""
    return bare_name(name) in ABOUT_TEXTS or bool({"title", "headline"}.intersection(name_words(name)))
