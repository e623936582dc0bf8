"""Which words in the name of a column say its part? In the languages in which people name columns."""

from __future__ import annotations

import re

from ia3_studio.data.column_names import bare_name, name_words, says, word_list

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


ASKED = word_list("""
    cau_hoi yeu_cau permintaan tanya soalan intrebari zapros zadost kerelem ansokan henvendelse sporsmaal eroteema
    zahtjev pitanje вопросы запит звернення въпрос питање שאלות پرسش سوال
    question questions query prompt instruction ask asked request inquiry enquiry ticket
    frage anfrage aufgabe pregunta consulta solicitud demande requete domanda richiesta pergunta solicitacao vraag
    verzoek pytanie zapytanie otazka dotaz fraga fragen sporgsmal sporsmal kysymys soru talep kerdes intrebare
    вопрос запрос питання ερωτηση שאלה سؤال प्रश्न คำถาม pertanyaan
    السؤال الاستفسار الطلب quesito ερωτημα duvida запитання सवाल
    问题 問題 提问 问句 質問 質問文 お問い合わせ 問い合わせ 질문 문의
""")
"""Words for what is asked."""
ANSWERED = word_list("""
    reactie tra_loi phan_hoi tindakan penyelesaian tanggapan balasan jawapan odgovor rjesenje resenje otgovor 
    жауап отговор   پاسخ תשובות afhandeling mitigation remedy workaround fix maatregel massnahme
    parere dictamen dictamenes conseil consejo advice einschatzung stellungnahme gutachten
    answer answers response responses reply replies solution solutions completion output resolution patch
    behebung abhilfe counter_narrative counter_speech counterspeech counternarrative rebuttal counterargument
    antwort antworten losung respuesta solucion reponse risposta soluzione resposta solucao antwoord oplossing
    odpowiedz
    odpoved reseni svar losning atgard tiltak ratkaisu vastaus yanit cevap cozum valasz raspuns ответ решение
    відповідь απαντηση תשובה جواب
    إجابة الجواب उत्तर คำตอบ jawaban
    الإجابة الرد الحل जवाब 解答 auskunft riscontro מענה
    解决 方案 处理结果 対応 対処 解決 해결 조치 처리결과
    回答 答案 答复 回复 答え 回答文 返信 返答 対応内容 답변 답 응답
""")
"""Words for what answers."""
CONTEXTS = word_list("""
    context passage paragraph schema kontext textstelle absatz abschnitt contexte extrait passage contexto pasaje
    fragmento contesto passaggio brano passagem trecho tekstfragment fragment kontekst baglam parca контекст отрывок
    абзац 上下文 段落 语境 文脈 抜粋 문맥 지문 سياق
""")
"""Words for a text that a question is about."""
ASKED_ABOUT_WORDS = word_list("""
    artikel artikkel articolo articulo artigo artykul clanek artikkeli makale bai_viet текст статья стаття статия מאמר
    مقال مقاله text texte texto testo tekst metin teks szoveg teksti document dokument documento documento dokumentum
    文章 文档 文書 記事 本文 课文 원문 본문 기사 लेख บทความ
""")
"""Words for a text that a question beside it is about where it is longer."""
DECIDING = word_list("""
    winner winning better best preferred preference besser bessere beste bester bevorzugt gewinner mejor preferida
    preferido ganador meilleur meilleure preferee prefere gagnant migliore preferita preferito vincitore melhor
    vencedor beter voorkeur lepsza lepszy zwyciezca lepsi vitez bast basta battre vinnare daha_iyi kazanan лучший
    лучше победитель кращий переможець 更好 更优 胜者 優勝 勝者 良い方 더_나은 승자 أفضل
""")
"""Words for which of two answers is the better one."""
WHO_ASKS = word_list("""
    user customer human client patient student visitor caller guest buyer citizen applicant requester
    kunde kunden kundin nutzer benutzer patientin cliente usuario paciente alumno utilisateur patient client utente
    paziente klant gebruiker klient uzytkownik zakaznik kund anvandare musteri клиент пользователь пациент 客户
    用户 顾客 客戶 用戶
    お客様 顧客 고객 사용자
""")
WHO_ANSWERS = word_list("""
    agent bot assistant support chatbot ai our doctor advisor lawyer expert teacher seller therapist operator
    mitarbeiter berater agente soporte asesor conseiller operatore atendente medewerker оператор врач юрист 客服
    客戶服務
    担当者 상담원
""")
SAID = word_list("""
    message text input query utterance msg email mail request inquiry enquiry question wrote says said words body turn
    courrier nachricht anliegen mensaje correo texto message texte courriel messaggio mensagem bericht wiadomosc zprava
    meddelande
    mesaj сообщение письмо обращение 消息 内容 留言 来信 来电 咨询 メッセージ 메시지
""")
"""Words for what somebody said."""
READ = word_list("""
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
LABELED = word_list("""
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
    тематика рубрика диагноз диагноза исход настроение тональність діагноз тематика diagnoza wydzwiek powod przyczyna
    duvod vysledek zarazeni 栏目 罪名 诊断结果 判决结果 ジャンル 診療科 区分 진료과 감성 المشاعر רגש
    zavaznost spokojenost 심각도 חומרה chan_doan giudizio zufriedenheit memnuniyet berufsgruppe
    esito gravidade desfecho natureza tonalite fallo rechtsgebiet sachgebiet punkte einordnung zuordnung thematik
    rubrik arendetyp orsak disposition tonality recommends recomienda recomiende recomendaria recomendarias
    recomendarian recommandez recommanderiez consiglieresti consiglierebbe empfehlen weiterempfehlen empfehlung
    recommandation recomendacion raccomandazione aanbevelen polecilbys polecasz doporucite rekommendera
    порекомендуете рекомендуете συνιστατε
    relevanz relevancia rilevanza pertinence relevans relevantie istotnosc trafnosc релевантность 相关性 相关度 関連度
""") - {"note"}  # fmt: skip
"""Words for what a text is judged to be; German "Note" is an English note far more often."""
WEAK = word_list("""
    type typ tipo tipe art 类型 種類 区分 тип вид status state stage level rodzaj druh nivel niveau niva نوع סוג
    loai ειδος τυπος tipus tipusa turu tur industry sector branche secteur 行业 業種
""")
"""Words that make a column a label only where no other is one."""
FLAGGING = frozenset(("is", "has"))
"""Words that make a column a label where they begin its name, as in is_spam, but not inside a question."""
PRICED = word_list("""
    price prices salary rent preis gehalt miete precio salario alquiler prix salaire loyer prezzo stipendio
    preco prijs
    cena pris fiyat hinta цена зарплата стоимость 价格 價格 售价 薪资 価格 値段 給与 가격
""")
"""Words for a measurement that is usually predicted of a description."""
AMOUNTS = word_list("""
    amount cost value betrag kosten wert importe monto coste valor montant cout valeur importo costo kwota сумма
    金额 金額 费用 費用 금액
""")
OBSERVED = word_list("measured observed experimental expt exp_value actual gemessen medido mesure misurato")
"""Words for a measurement beside which others are computed."""
COMPUTED = word_list("predicted predictions prediction calc calculated computed estimated pred berechnet")
"""Words for what a model or a formula said."""
RELATED = word_list("""
    relevance relevant similarity duplicate entailment entails nli match matches matching paraphrase related
    relatedness
    equivalent equivalence relation contradiction stance similar same ahnlichkeit similitud similitude somiglianza
    relevanz relevancia rilevanza pertinence relevans relevantie istotnosc trafnosc релевантность 相关性 相关度 関連度
    adequation correspondance concordance ubereinstimmung passung corrispondenza correspondencia adecuacion zgodnosc
    similaridade сходство 相似度 相似 類似度 유사도
""")
"""Words for labels of two texts."""
IN_ORDER = word_list("""
    steps step plan directions instructions procedure workflow sequence outline actions subtasks todo checklist
    schritte anleitung pasos instrucciones etapes passi passos stappen kroki шаги 步骤 手順 단계
""")
"""Words for lists that are one answer together, item by item."""
INGREDIENTS = word_list(
    "ingredients zutaten ingredientes ingredienti ingredienten skladniki ингредиенты 配料 材料 재료"
)
"""Words for what something is made of."""
DATA = word_list("""
    table tables tripleset triples triplets triple eavs mr meaning representation records facts graph infobox
    linearized data attributes slots structured tabelle tabla tableau json xml kg
""")
"""Words for data that a text is written from."""
RESULT = word_list("""
    final approved revised corrected improved edited generated suggested expected ideal rewritten wording output
    result endgultig freigegeben korrigiert corregido corrige corretto corrigido 最終 修正 修改 正确
""")
"""Words for a text that was made of another one beside it."""
PROBLEMS = word_list("""
    problem issue symptom brief briefing storung problemstellung problema probleme usterka zavada fel hiba
    проблема неисправность 故障 不具合 민원 문제
""")
"""Words for what a solution answers."""
WORSE = word_list(
    "bad wrong incorrect rejected worse worst negative neg student alias aliases candidate candidates distractor"
)
"""Words for answers that are not to be given."""
CODE = word_list("diff patch code changes log logs stacktrace traceback")
"""Words for what a message is written about."""
FAULTY = word_list("ungrammatical incorrect wrong erroneous misspelled faulty fehlerhaft falsch erronee incorrecto")
"""Words for a text of which another one beside it is the correction."""
WRONG = word_list("wrong incorrect false distractor falsch incorrecta incorrecto incorrecte errata sbagliata fout")
"""Words for the other choices."""
WHOLE = word_list("""
    transcription transcript text content body article full_text document report narrative plot story func function code
""")
"""Words for a whole text, of which another column is a short description."""
RIGHT = word_list("""
    correct right gold richtig richtige richtiger correcta correcto correcte corretta corretto esatta esatto giusta
    correta correto certa juste bonne poprawna prawidlowa spravna spravne ratt riktig rigtig oikea juist goed dogru
    правильный правильная верный вірна 正解 正确 正しい 정답 الصحيحة dung gabarito
""")
"""Words for the right one of several choices."""
ORIGINAL = word_list("""
    original before raw old source unedited draft ursprunglich vorher antes avant prima 原文 元 修正前 改前 원문
""")
"""Words for a text of which another one beside it was made."""
MADE = word_list("""
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
CONVERTED = word_list("""
    translation transliteration romanization pronunciation phoneme phonemes paraphrase correction amr logical_form
    semantic_parse formal_statement proof hint latex bash_command command patched patched_code
    fixed fixed_code commit_message test_case acceptance_criteria counterclaim counterargument counterspeech debiased
    detoxified plain_language lay_summary post_edit synonym antonym plural treatment
    ubersetzung korrektur traduccion correccion traduction traduzione traducao vertaling tlumaczenie preklad
    oversattning oversettelse kaannos ceviri forditas traducere перевод переклад ban_dich terjemahan
    译文 翻译 訳文 翻訳 번역 校正
""")
"""Words for what another text was turned into, which are answers also beside a category of both."""
TITLED = word_list("""
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
