"""What models say around a text in further languages of Europe. Words that take endings are given by their
stems.
"""

from lorakit.generation.copy.chatter import Chatter

EUROPEAN = {
    "sv": Chatter(
        yes=r"självklart|absolut|visst|javisst|givetvis|naturligtvis|gärna|okej|tack",
        here=r"här (?:är|kommer|har du|följer)|nedan (?:är|följer)|mitt förslag|vad sägs om",
        labels=r"rubrik(?:en|er)?|bildtext(?:en)?|produktbeskrivning(?:en)?|beskrivning(?:en)?|"
        r"ämnesrad(?:en)?|"
        r"slogan|alt-?text",
        names=r"text(?:en)?|inlägg(?:et)?|annons(?:en)?|meddelande(?:t)?|mejl(?:et)?|förslag(?:et)?|"
        r"version(?:en|er)?|"
        r"alternativ(?:et)?|variant(?:en|er)?",
        bye=r"säg till|hör av dig|hoppas (?:att )?(?:det|den|detta)|vill du|om du vill|låt mig veta|"
        r"jag kan också",
        more=r"ändr|justera|(?:annan|annat|andra|fler) (?:version|variant|alternativ|förslag|rubrik)|"
        r"hjälp|anpassa|passar bra",
        about=r"obs:|notera|kommentar:|förklaring|antal tecken|tecken:|längd:|den här (?:rubriken|texten)|"
        r"rubriken (?:är|har)",
        sorry=r"(?:jag är )?ledsen,? men|tyvärr kan jag inte|som en (?:ai|språkmodell)|"
        r"jag kan inte (?:hjälpa|skriva)|"
        r"kan du (?:ge|berätta)",
        unit=r"tecken|ord\b|bokstäver",
    ),
    "da, no": Chatter(
        yes=r"selvfølgelig|naturligvis|klart|absolutt|absolut|gjerne|gerne|selvsagt|sikkert|javel|takk|tak",
        here=r"her (?:er|kommer|har du|får du|følger)|nedenfor (?:er|følger)|mit forslag|mitt forslag|"
        r"hva med|hvad med",
        labels=r"overskrift(?:en|er)?|billedtekst(?:en)?|bildetekst(?:en)?|caption|produktbeskrivelse(?:n)?|"
        r"beskrivelse(?:n)?|emnelinje(?:n)?|emne|slagord|slogan|alt-?tekst",
        names=r"tekst(?:en)?|opslag(?:et)?|innlegg(?:et)?|annonce(?:n)?|annonse(?:n)?|besked(?:en)?|"
        r"melding(?:en)?|"
        r"forslag(?:et)?|version(?:en|er)?|versjon(?:en|er)?|mail",
        bye=r"sig til|si ifra|gi beskjed|giv besked|lad mig vide|la meg vite|jeg håber|jeg håper|hvis du|"
        r"vil du|"
        r"ønsker du|skal jeg|håber det|håper det",
        more=r"ændr|endre|juster|(?:anden|annen|andre|andet|annet|flere) (?:version|versjon|forslag|"
        r"variant|overskrift)|hjælp|hjelp|tilpas",
        about=r"bemærk|merk:|obs:|forklaring|antal tegn|antall tegn|tegn:|længde:|lengde:|"
        r"denne (?:overskrift|tekst)|"
        r"overskriften (?:er|har)",
        sorry=r"(?:jeg er |det )?(?:beklager|undskyld),? men|som en (?:ai|språkmodell|sprogmodel)|"
        r"jeg kan (?:desværre |dessverre )?ikke (?:hjælpe|hjelpe|skrive)|kan du (?:give|gi|fortælle|"
        r"fortelle)",
        unit=r"tegn|ord\b|bokstaver|bogstaver",
    ),
    "fi": Chatter(
        yes=r"totta kai|toki|tietysti|ilman muuta|selvä|mielelläni|kiitos",
        here=r"tässä(?: on| olisi| tulee)?|alla(?: on)?|ehdotan|ehdotukseni|ohessa",
        labels=r"otsikko\w*|otsikon|kuvateksti\w*|tuotekuvaus\w*|kuvaus\w*|aihe(?:rivi)?\w*|iskulause\w*|"
        r"slogan\w*",
        names=r"teksti\w*|julkaisu\w*|mainos\w*|viesti\w*|ehdotus\w*|ehdotukse\w*|versio\w*|vaihtoehto\w*",
        bye=r"kerro|ilmoita|toivottavasti|jos (?:haluat|tarvitset|toivot)|haluatko|voin (?:myös|"
        r"tarvittaessa)",
        more=r"muuto|muutt|muoka|toise[nt] (?:version|vaihtoehdon)|toinen (?:versio|vaihtoehto)|"
        r"lisää vaihtoehtoja|apua|autta",
        about=r"huom|huomautus|selitys|merkkimäärä|merkkejä:|pituus:|tämä (?:otsikko|teksti)|otsikossa on",
        sorry=r"(?:valitettavasti|pahoittelut|anteeksi),? (?:mutta|en)|tekoälynä|en voi (?:auttaa|"
        r"kirjoittaa)|"
        r"voisitko (?:antaa|kertoa)",
        unit=r"merkki(?:ä)?\b|merkkiä|sanaa|kirjainta",
    ),
    "ru": Chatter(
        yes=r"конечно|разумеется|с удовольствием|хорошо|безусловно|понял[аи]?|отлично|спасибо",
        here=r"вот|ниже|предлагаю|мой вариант|представляю|как насч[её]т",
        labels=r"заголов(?:ок|ка|ки|ков)|подпись|описание|тема(?: письма)?|слоган|альтернативный текст",
        names=r"текст\w*|пост\w*|объявлени\w*|сообщени\w*|письм\w*|вариант\w*|предложени\w*|верси\w*",
        bye=r"дай(?:те)? (?:мне )?знать|сообщи(?:те)?|надеюсь|если (?:вы |ты )?(?:хо|нуж|понадоб|потреб)|"
        r"хотите|"
        r"могу (?:также|ещ[её])|скажите|обращайтесь",
        more=r"измен|поправ|правк|друг\w+ (?:вариант|верси|заголов)|ещ[её] (?:вариант|верси|один|"
        r"нескольк)|помо[гчщ]|подойд|поменя|доработ",
        about=r"примечание|пояснение|объяснение|(?:количество|число) (?:символов|знаков)|символов:|длина:|"
        r"этот (?:заголовок|текст)|в заголовке",
        sorry=r"(?:извини(?:те)?|к сожалению|прости(?:те)?),? (?:но|я не)|как (?:ии|языковая модель)|"
        r"я не могу (?:помочь|написать)|не могли бы вы",
        unit=r"символ(?:ов|а|ы)?\b|знак(?:ов|а|и)?\b|слов[оа]?\b|букв",
    ),
    "uk": Chatter(
        yes=r"звичайно|звісно|авжеж|із задоволенням|з радістю|добре|дякую",
        here=r"ось|нижче|пропоную|мій варіант",
        labels=r"заголов(?:ок|ка|ки|ків)|підпис|опис|тема(?: листа)?|слоган",
        names=r"текст\w*|допис\w*|пост\w*|оголошення|повідомлення|лист\w*|варіант\w*|пропозиці\w*|версі\w*",
        bye=r"дай(?:те)? (?:мені )?знати|повідом(?:те)?|сподіваюс[яь]|якщо (?:ви |ти )?(?:хо|потріб|баж)|"
        r"хочете|"
        r"можу (?:також|ще)|скажіть",
        more=r"змін|виправ|інш\w+ (?:варіант|версі|заголов)|ще (?:варіант|версі|один|кільк)|допомо|"
        r"підійде",
        about=r"примітка|пояснення|кількість (?:символів|знаків)|символів:|довжина:|цей (?:заголовок|текст)",
        sorry=r"(?:вибач(?:те)?|на жаль|перепрошую),? (?:але|я не)|як (?:ші|мовна модель)|"
        r"я не можу (?:допомогти|написати)",
        unit=r"символ(?:ів|и)?\b|знак(?:ів|и)?\b|сл(?:ів|ова)\b|літер",
    ),
    "cs, sk": Chatter(
        yes=r"samozřejmě|jistě|určitě|rád[ao]?|s radostí|dobře|samozrejme|iste|určite|s radosťou|děkuji|"
        r"ďakujem",
        here=r"zde (?:je|jsou|máte|máš)|tady (?:je|jsou|máte|máš)|níže|tu (?:je|sú|máte|máš)|nižšie|"
        r"navrhuji|navrhujem|"
        r"můj návrh|môj návrh",
        labels=r"nadpis\w*|titul\w*|popis(?:ek|ku)?(?: produktu)?|předmět|predmet|slogan\w*|heslo",
        names=r"text\w*|příspěv\w*|príspev\w*|reklam\w*|inzer\w*|zpráv\w*|správ\w*|návrh\w*|verz\w*|"
        r"variant\w*|možnost\w*",
        bye=r"dejte (?:mi )?vědět|dej (?:mi )?vědět|dajte (?:mi )?vedieť|daj (?:mi )?vedieť|doufám|dúfam|"
        r"pokud|"
        r"chcete|přejete si|želáte si|mohu (?:také|ještě)|ak (?:chcete|potrebujete)",
        more=r"změn|zmen|uprav|ji(?:nou|né) (?:verz|variant)|in[úé] (?:verz|variant)|(?:další|"
        r"ďalši\w+) (?:verz|variant|návrh)|pomo[chc]|zkrát|skrát",
        about=r"poznámka|vysvětlení|vysvetlenie|počet znaků|počet znakov|znaků:|znakov:|délka:|dĺžka:|"
        r"tento (?:nadpis|text|titulek)",
        sorry=r"(?:omlouvám se|je mi líto|ospravedlňujem sa|bohužel|bohužiaľ),? (?:ale|nemohu|nemôžem)|"
        r"jako (?:ai|jazykový model)|nemohu (?:pomoci|napsat)|můžete (?:mi|poskytnout)",
        unit=r"znak(?:ů|ov|y)?\b|slov[ao]?\b|písmen",
    ),
    "hu": Chatter(
        yes=r"természetesen|persze|rendben|szívesen|örömmel|köszönöm",
        here=r"íme|itt (?:van|egy|a)|az alábbi(?:akban)?|javaslatom|ajánlom",
        labels=r"címsor\w*|cím(?:e|et)?|főcím\w*|képaláírás\w*|termékleírás\w*|leírás\w*|tárgy(?:a|sor)?|"
        r"szlogen\w*",
        names=r"szöveg\w*|bejegyzés\w*|hirdetés\w*|üzenet\w*|javaslat\w*|változat\w*|verzió\w*|lehetőség\w*",
        bye=r"szólj(?:on)?|remélem|ha (?:szeretn|kell|szükség|bármi)|szeretn(?:éd|é)|kérem,? jelezze|jelezd",
        more=r"módosít|változtat|másik (?:változat|verzió)|további (?:változat|javaslat)|segít|átír",
        about=r"megjegyzés|magyarázat|karakterszám|karakterek:|hossz:|ez a (?:cím|szöveg)",
        sorry=r"(?:sajnálom|elnézést),? de|sajnos nem|mint (?:ai|nyelvi modell)|nem tudok (?:segíteni|írni)",
        unit=r"karakter|szó\b|betű",
    ),
    "ro": Chatter(
        yes=r"desigur|sigur|bineînțeles|cu plăcere|în regulă|perfect|mulțumesc",
        here=r"iată|mai jos|aici (?:este|ai|aveți)|propun|propunerea mea",
        labels=r"titlu(?:l|ri)?|descriere(?:a)?|legend[aă]|subiect(?:ul)?|slogan(?:ul)?",
        names=r"text(?:ul)?|postare(?:a)?|anunț(?:ul)?|mesaj(?:ul)?|variant[ăae]\w*|propuner\w*|versiun\w*|"
        r"opțiun\w*",
        bye=r"spune(?:ți)?-mi|anunță-mă|sper că|dacă (?:vrei|doriți|dorești|ai|aveți)|vrei|doriți|"
        r"pot (?:și|să)",
        more=r"modific|schimb|alt[ăe] (?:variant|versiun|opțiun)|ajut|adapt",
        about=r"notă:|explicație|număr(?:ul)? de caractere|caractere:|lungime:|acest (?:titlu|text)",
        sorry=r"(?:îmi pare rău|scuze|regret),? dar|ca (?:ia|model de limbaj)|nu pot (?:ajuta|scrie|crea)",
        unit=r"caractere|cuvinte|litere",
    ),
    "hr, sr, sl": Chatter(
        yes=r"naravno|svakako|sigurno|rado|u redu|seveda|z veseljem|hvala",
        here=r"evo|ovdje je|ovde je|u nastavku|tukaj je|spodaj|predlažem|predlagam|moj prijedlog|moj predlog",
        labels=r"naslov\w*|opis\w*|natpis\w*|predmet|slogan\w*|tema",
        names=r"tekst\w*|besedil\w*|objav\w*|oglas\w*|poruk\w*|sporočil\w*|prijedlog\w*|predlog\w*|"
        r"verzij\w*|opcij\w*|"
        r"različic\w*",
        bye=r"javite|javi (?:mi|ako)|nadam se|upam|ako (?:žel|treba|hoć)|želite|če (?:žel|potreb)|"
        r"sporočite|mogu (?:i|takođe)",
        more=r"promijen|promen|izmijen|izmen|spremen|prilagod|drug\w+ (?:verzij|varijant|različic)|"
        r"pomo[ćcg]|skrat",
        about=r"napomena|opomba|objašnjenje|broj znakova|število znakov|znakova:|dužina:|ovaj (?:naslov|"
        r"tekst)",
        sorry=r"(?:žao mi je|oprostite|nažalost|žal mi je|žal),? (?:ali|ne mogu|vendar|ne morem)|kao (?:ai|"
        r"jezični model)",
        unit=r"znak(?:ova|ov|a)?\b|riječi|reči|besed",
    ),
    "tr": Chatter(
        yes=r"tabii(?: ki)?|elbette|memnuniyetle|tamam|kesinlikle|teşekkürler",
        here=r"[iİ]şte|aşağıda(?:ki)?|önerim|şöyle|buyurun",
        labels=r"başlı(?:k|ğ)\w*|açıklama\w*|ürün açıklaması|altyazı\w*|konu(?: satırı)?|slogan\w*",
        names=r"met(?:in|n)\w*|gönderi\w*|reklam\w*|mesaj\w*|öneri\w*|seçene\w*|sürüm\w*|versiyon\w*",
        bye=r"haber ver|umarım|eğer|isterseniz|istersen|ister misin|bana (?:bildir|söyle)|başka",
        more=r"değiştir|düzenle|(?:başka|farklı) (?:bir )?(?:versiyon|sürüm|seçenek|başlık)|yardımcı|"
        r"uyarla|kısalt|işine yara",
        about=r"not:|açıklama:|karakter sayısı|karakter:|uzunluk:|bu (?:başlık|metin)",
        sorry=r"(?:üzgünüm|özür dilerim|maalesef),? (?:ama|ancak|bu)|bir (?:yapay zeka|dil modeli) olarak|"
        r"yardımcı olamam|yazamam",
        unit=r"karakter|kelime|harf",
    ),
    "el": Chatter(
        yes=r"φυσικά|βεβαίως|βέβαια|ευχαρίστως|σίγουρα|εντάξει|ευχαριστώ",
        here=r"ορίστε|ιδού|εδώ (?:είναι|έχετε)|παρακάτω|ακολουθεί|προτείνω",
        labels=r"τίτλο[ςιυ]|επικεφαλίδα|λεζάντα|περιγραφή|θέμα|σύνθημα|σλόγκαν",
        names=r"κείμενο|ανάρτηση|διαφήμιση|αγγελία|μήνυμα|πρόταση|εκδοχή|εκδοχές|επιλογ\w*",
        bye=r"πείτε μου|πες μου|ενημερώστε|ελπίζω|αν (?:θέλ|χρειά|επιθυμ)|θα θέλ|θέλετε|μπορώ (?:και|επίσης)",
        more=r"τροποπ|αλλάξ|αλλαγ|άλλη (?:εκδοχή|επιλογή)|διαφορετική εκδοχή|βοηθ|προσαρμ",
        about=r"σημείωση|επεξήγηση|εξήγηση|αριθμός χαρακτήρων|χαρακτήρες:|μήκος:|αυτός ο τίτλος|"
        r"αυτό το κείμενο",
        sorry=r"(?:λυπάμαι|συγγνώμη),? αλλά|δυστυχώς δεν|ως (?:τεχνητή|γλωσσικό)|δεν μπορώ να (?:βοηθ|γράψ)",
        unit=r"χαρακτήρ(?:ες|ων)|λέξεις|γράμματα",
    ),
}  # fmt: skip
