"""Sentences in many languages, and the encodings in which people's programs save them."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "French": ("windows-1252", (
        "Le bac est déjà parti, où allez-vous ?", "La marée était très basse après midi.",
        "Nous avons fêté la fin de l'été à la jetée.", "Le garçon a aperçu un phare là-bas.",
        "Il fait frais, fermez la fenêtre s'il vous plaît.", "Mon père a réparé la barque près du môle.",
        "Ça coûte cinq euros la journée.", "Les bateaux rentrent même quand il pleut.",
    )),
    "German": ("windows-1252", (
        "Die Fähre fährt heute früher ab.", "Über dem Hafen hängt dichter Nebel.", "Das Wasser ist schön grün.",
        "Können Sie mir den Weg zur Brücke zeigen?", "Der Wächter grüßt die Möwen.", "Für zwölf Kisten Öl reicht es.",
        "Wir müssen die Straße räumen.", "Morgen hört der Sturm auf.",
    )),
    "Spanish": ("windows-1252", (
        "¿Dónde está el faro más próximo?", "El barco llegó mañana según el capitán.", "Aquí hay sólo tres cajones.",
        "Mi hermano pequeño vive en la montaña.", "¿Cuándo saldrá el último tren?", "La señal sonó dos veces.",
        "Todavía no sé qué pasó.", "El niño soñó con un pingüino.",
    )),
    "Italian": ("windows-1252", (
        "Il traghetto è già partito, perché?", "La città è più bella di sera.", "Domani sarà lunedì.",
        "Non c'è più nessuno al porto.", "Il guardiano abiterà laggiù.", "Però la luce è accesa.",
        "Il caffè è pronto.", "Così va bene, può entrare.",
    )),
    "Portuguese": ("windows-1252", (
        "A maré não está alta amanhã.", "São três caixões de pão.", "O avião já chegou à estação.",
        "Você também é pescador?", "A lição é difícil, mas útil.", "O farol fica além do cais.",
        "As gaivotas vêm de manhã.", "Há muita confusão na praça.",
    )),
    "Swedish": ("windows-1252", (
        "Färjan går från kajen om två timmar.", "Måsarna skriker över ön.", "Är det någon på bryggan?",
        "Vi måste öppna dörren försiktigt.", "Fyren lyser hela året.", "Båten är målad grön.",
        "Jag förstår inte frågan.", "Så småningom blir det vår.",
    )),
    "Polish": ("windows-1250", (
        "Prom odpływa dziś o świcie.", "Łódź stoi przy brzegu, więc się spieszymy.", "Gdzie jest najbliższa latarnia?",
        "Proszę zamknąć okno, jest zimno.", "Mój brat łowi ryby każdego ranka.",
        "Wczoraj była mgła i nic nie było widać.",
        "Dzięki za pomoc, pójdę już.", "Źródło wody leży za wzgórzem.",
    )),
    "Czech": ("windows-1250", (
        "Přívoz dnes odjíždí dříve.", "V přístavu je ticho a tma.", "Kde je nejbližší maják?",
        "Prosím, zavřete okno, je zima.", "Můj bratr chytá ryby každé ráno.", "Včera byla mlha a nic nebylo vidět.",
        "Děkuji za pomoc, už půjdu.", "Žluťoučký kůň stojí u vody.",
    )),
    "Hungarian": ("windows-1250", (
        "A komp ma korábban indul.", "A kikötőben csönd van és sötét.", "Hol van a legközelebbi világítótorony?",
        "Kérem, csukja be az ablakot, hűvös van.", "A bátyám minden reggel halászik.",
        "Tegnap köd volt, semmi sem látszott.",
        "Köszönöm a segítséget, most elmegyek.", "Az idő nagyon szép, süt a nap.",
    )),
    "Croatian": ("windows-1250", (
        "Trajekt danas kreće ranije.", "U luci je tišina i mrak.", "Gdje je najbliži svjetionik?",
        "Molim vas, zatvorite prozor, već je hladno.", "Moj brat često lovi ribu.",
        "Jučer je bila magla i ništa se nije vidjelo.",
        "Hvala na pomoći, sad ću poći.", "Mlađi brat uči plivati.",
    )),
    "Russian": ("windows-1251", (
        "Паром сегодня отходит раньше.", "В порту тихо и темно.", "Где ближайший маяк?",
        "Закройте, пожалуйста, окно.", "Мой брат каждое утро ловит рыбу.", "Вчера был туман, ничего не видно.",
        "Спасибо за помощь, я пойду.", "Шторм кончится к утру.",
    )),
    "Russian, KOI8-R": ("KOI8-R", (
        "Паром сегодня отходит раньше.", "В порту тихо и темно.", "Где ближайший маяк?",
        "Закройте, пожалуйста, окно.", "Мой брат каждое утро ловит рыбу.", "Вчера был туман, ничего не видно.",
        "Спасибо за помощь, я пойду.", "Шторм кончится к утру.",
    )),
    "Ukrainian": ("windows-1251", (
        "Пором сьогодні відходить раніше.", "У порту тихо і темно.", "Де найближчий маяк?",
        "Зачиніть, будь ласка, вікно.", "Мій брат щоранку ловить рибу.", "Вчора був туман, нічого не видно.",
        "Дякую за допомогу, я піду.", "Буря скінчиться до ранку.",
    )),
    "Bulgarian": ("windows-1251", (
        "Фериботът тръгва по-рано днес.", "В пристанището е тихо и тъмно.", "Къде е най-близкият фар?",
        "Моля, затворете прозореца.", "Брат ми лови риба всяка сутрин.", "Вчера имаше мъгла и нищо не се виждаше.",
        "Благодаря за помощта, ще тръгвам.", "Бурята ще спре до сутринта.",
    )),
    "Greek": ("windows-1253", (
        "Το πλοίο φεύγει νωρίτερα σήμερα.", "Είναι ήσυχα και σκοτεινά στο λιμάνι.", "Πού είναι ο κοντινός φάρος;",
        "Κλείστε το παράθυρο, παρακαλώ.", "Ο αδελφός μου ψαρεύει κάθε πρωί.", "Χθες είχε ομίχλη.",
        "Ευχαριστώ για τη βοήθεια.", "Η καταιγίδα τελειώνει το πρωί.",
    )),
    "Turkish": ("windows-1254", (
        "Vapur bugün daha erken kalkıyor.", "Limanda her şey sessiz ve karanlık.", "En yakın deniz feneri nerede?",
        "Lütfen pencereyi kapatır mısınız?", "Kardeşim her sabah balık tutar.",
        "Dün sis vardı, hiçbir şey görünmüyordu.",
        "Yardımınız için teşekkür ederim.", "Fırtına sabaha kadar diner.",
    )),
    "Chinese (simplified)": ("GB18030", (
        "渡船今天提前开。", "港口里又安静又黑。", "最近的灯塔在哪里？", "请把窗户关上。", "我哥哥每天早上钓鱼。",
        "昨天有雾，什么也看不见。", "谢谢你的帮助，我走了。", "风暴到早上就会停。",
    )),
    "Chinese (traditional)": ("Big5", (
        "渡船今天提前開。", "港口裡又安靜又黑。", "最近的燈塔在哪裡？", "請把窗戶關上。", "我哥哥每天早上釣魚。",
        "昨天有霧，什麼也看不見。", "謝謝你的幫助，我走了。", "風暴到早上就會停。",
    )),
    "Japanese": ("Shift-JIS", (
        "渡し船は今日早く出ます。", "港は静かで暗いです。", "一番近い灯台はどこですか？", "窓を閉めてください。",
        "兄は毎朝魚を釣ります。", "昨日は霧で何も見えませんでした。", "手伝ってくれてありがとう。",
        "嵐は朝までに止むでしょう。",
    )),
    "Thai": ("windows-874", (
        "เรือข้ามฟากออกเร็ววันนี้", "ท่าเรือเงียบและมืด", "ประภาคารที่ใกล้ที่สุดอยู่ที่ไหน", "กรุณาปิดหน้าต่าง",
        "พี่ชายของผมตกปลาทุกเช้า", "เมื่อวานมีหมอกมองไม่เห็นอะไรเลย", "ขอบคุณที่ช่วยเหลือ ผมไปแล้ว",
        "พายุจะสงบก่อนรุ่งเช้า",
    )),
    "Korean": ("EUC-KR", (
        "오늘은 배가 일찍 떠납니다.", "항구는 조용하고 어둡습니다.", "가장 가까운 등대는 어디입니까?",
        "창문을 닫아 주세요.",
        "형은 매일 아침 낚시를 합니다.", "어제는 안개가 끼어 아무것도 보이지 않았습니다.", "도와주셔서 감사합니다.",
        "폭풍은 아침까지 그칠 것입니다.",
    )),
    "Vietnamese": ("windows-1258", (
        "Chuyến phà đã rời bến lúc sáng sớm.", "Ngọn hải đăng gần nhất ở đâu?", "Biển hôm nay rất yên tĩnh.",
        "Xin hãy đóng cửa sổ lại, trời lạnh lắm.", "Anh trai tôi đi câu cá mỗi buổi sáng.",
        "Hôm qua có sương mù nên không nhìn thấy gì.", "Cảm ơn bạn đã giúp đỡ, tôi phải đi rồi.",
        "Người gác thắp đèn trước khi tàu vào cảng.",
    )),
}  # fmt: skip
"""Language → its encoding, and sentences."""
