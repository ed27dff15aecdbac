"""What models say around a text in the languages that copy is written in most."""

from lorakit.generation.copy.chatter import Chatter

MOST_USUAL = {
    "en": Chatter(
        yes=r"sure(?: thing)?|certainly|of course|absolutely|definitely|gladly|with pleasure|got it|"
        r"no problem|"
        r"okay|ok|alright|great|happy to help|understood|thank you|thanks|(?:great|good) question|"
        r"as (?:you )?requested|based on [^,\n]{1,60}",
        here=r"here(?:['’]s| is| are| you go| it is)|below (?:is|are)|this is (?:a|the|your|my)|"
        r"the following|"
        r"i(?:['’]ve| have)? (?:wrote|written|created|crafted|prepared|come up with)|i(?:['’]d|"
        r" would)? suggest|"
        r"how about|try this|my suggestion|see below",
        labels=r"headlines?|titles?|captions?|taglines?|slogans?|descriptions?|subject(?: lines?)?|"
        r"alt text|"
        r"ad copy|copy|primary text|preheader|bullet points?|tweet|email body",
        names=r"texts?|posts?|messages?|ads?|adverts?|e-?mails?|options?|versions?|variants?|variations?|"
        r"suggestions?|drafts?|sms|notifications?|translations?|intro(?:duction)?|alternatives?|bullets?",
        bye=r"(?:please )?let me know (?:if|whether|what|how|which)|(?:i )?hope (?:this|that|it|you)|"
        r"feel free to|(?:would|do) you (?:like|want|need)|if you(?:['’]d| would)? (?:like|need|want|"
        r"prefer)|"
        r"is there anything|(?:i['’]?a?m )?happy to|you can (?:also )?(?:adjust|customi[sz]e|modify|"
        r"change)",
        more=r"adjust|changes?\b|modif|edit|tweak|revis|refine|rewrite|another|other|different|\bmore\b|"
        r"alternativ|version|option|help|me to\b|this works|meets|anything else|further|shorter|longer",
        about=r"(?:please )?note(?: that)?\b|nb\b|(?:english |literal )?translation:|explanation|"
        r"rationale|reasoning|why (?:this|it) works|"
        r"(?:character|word) (?:count|limit|length)|characters?:|length:|"
        r"this (?:headline|caption|title|text|copy|version|description|post|subject line|ad|tagline|"
        r"message)|"
        r"i(?:['’]ve| have)? (?:kept|used|tried|included|focused|aimed|ensured|made sure)",
        sorry=r"i(?:['’]m| am) (?:very )?sorry,? but|sorry,? but i\b|i apologi[sz]e,? but|as an ai\b|"
        r"i(?:['’]m| am) (?:just )?an ai\b|i can(?:['’]t|not| not) (?:help|assist|write|create|"
        r"provide|generate|fulfil)|"
        r"(?:could|can) you (?:please )?(?:provide|clarify|share|tell me)|please provide (?:me|more|the)|"
        r"i need (?:more|some) (?:information|details)|"
        r"(?:(?:okay|ok|alright|hmm|so|well),? ?)*(?:the user (?:wants|asks|is asking|needs|would like)|"
        r"let me think|"
        r"(?:i|we) need to (?:write|create|craft|produce|come up|figure|think|make|generate|provide))|"
        r"(?:here['’]s (?:a|my) )?(?:thinking|thought|reasoning) process\b|"
        r"(?:first|okay|ok|alright|so),? (?:let me|let['’]s|i['’]ll|i (?:will|should|need to)|we (?:should|"
        r"need to)) "
        r"(?:analy[sz]e|think|understand|break|consider|look at|write|craft)",
        unit=r"characters?|chars?|words?|letters",
    ),
    "de": Chatter(
        yes=r"gerne?|natürlich|klar|selbstverständlich|sicher|aber gerne?|na klar|alles klar|"
        r"sehr gerne?|okay|"
        r"mit vergnügen|wie gewünscht|danke",
        here=r"hier (?:ist|sind|kommt|kommen|ein|mein|dein|ihr|der|die|das)|im folgenden|folgend|"
        r"nachfolgend|"
        r"mein vorschlag|wie wäre es mit|das (?:ist|wäre) (?:ein|mein)",
        labels=r"überschrift(?:en)?|schlagzeilen?|titel|bildunterschrift|produktbeschreibung|beschreibung|"
        r"betreff(?:zeile)?|werbetext|anzeigen(?:titel|text)|headline|slogan|caption",
        names=r"texte?|beitrag|post|nachricht|anzeige|e-?mail|vorschl[aä]ge?|varianten?|version(?:en)?|"
        r"option(?:en)?|entwurf",
        bye=r"lass(?:en sie|t)? (?:es )?(?:mich|mir) |sag(?:en sie)? (?:mir )?(?:gerne? )?bescheid|"
        r"ich hoffe|"
        r"wenn du |wenn sie |falls (?:du|sie) |möchtest du|möchten sie|soll ich|gerne? (?:kann|passe|"
        r"erstelle) ich|"
        r"kann ich (?:sonst )?noch",
        more=r"anpass|passe|änder|weiter|ander|variante|version|wissen|hilf|geholfen|kürze|läng|"
        r"überarbeit|soll ich",
        about=r"hinweis|anmerkung|erklärung|begründung|zeichen(?:zahl|anzahl|länge)?:|länge:|"
        r"diese (?:überschrift|schlagzeile|beschreibung|anzeige)|dieser (?:titel|text|beitrag|betreff)|"
        r"ich habe (?:darauf|den|die|das|versucht)",
        sorry=r"es tut mir leid,? aber|entschuldigung,? aber|ich kann (?:leider )?(?:nicht|keine)|"
        r"als (?:ki|künstliche)|(?:könntest du|könnten sie) (?:mir |bitte )|bitte (?:geben sie|gib|"
        r"nenne|teile) ",
        unit=r"zeichen|wörter|worte|buchstaben",
    ),
    "fr": Chatter(
        yes=r"bien sûr|certainement|avec plaisir|volontiers|absolument|d['’]accord|très bien|entendu|"
        r"parfait",
        here=r"voici|voilà|ci-dessous|je (?:vous |te )?propose|ma proposition",
        labels=r"titres?|accroche|légende|description|objet|slogan|texte alternatif|texte principal",
        names=r"texte|publication|annonce|message|e-?mail|propositions?|versions?|variantes?|options?|"
        r"suggestions?|post",
        bye=r"n['’]hésite[zs]? pas|j['’]espère que|si vous |si tu |souhaitez-vous|voulez-vous|veux-tu|"
        r"dites-moi|"
        r"dis-moi|faites-moi savoir|puis-je",
        more=r"ajuste|modifi|autre|version|variante|aide|convien|chang|adapt|raccourci|que je",
        about=r"remarque|note ?:|explication|nombre de caractères|longueur ?:|caractères ?:|"
        r"ce (?:titre|texte|message)\b|"
        r"cette (?:légende|description|accroche|annonce|version)|j['’]ai (?:veillé|utilisé|essayé)",
        sorry=r"(?:je suis )?désolée?,? mais|en tant qu['’]ia|je ne peux pas|pourriez-vous (?:me |s)|"
        r"veuillez (?:me )?fournir",
        unit=r"caractères|signes|mots|lettres",
    ),
    "es": Chatter(
        yes=r"[¡]?claro(?: que sí)?|[¡]?por supuesto|[¡]?con gusto|[¡]?desde luego|[¡]?perfecto|"
        r"[¡]?de acuerdo|"
        r"[¡]?seguro|[¡]?entendido",
        here=r"[¡]?aquí (?:tienes?|está[ns]?|va[ns]?|te|le|hay)|a continuación|est[ea] es|te propongo|"
        r"he (?:escrito|creado)|mi propuesta",
        labels=r"títulos?|titular(?:es)?|encabezado|descripción|asunto|pie de foto|leyenda|eslogan|"
        r"lema|"
        r"texto alternativo",
        names=r"texto|publicación|anuncio|mensaje|correo|opci[óo]n(?:es)?|versi[óo]n(?:es)?|variantes?|"
        r"propuestas?|sugerencias?|post",
        bye=r"espero que|h[áa]zme(?:lo)? saber|avísame|dime si|si (?:quieres|necesitas|deseas|prefieres)|"
        r"¿(?:quieres|te gustaría|deseas|necesitas)|no dudes en",
        more=r"ajust|modific|cambi|otr[ao]|versi[óo]n|variante|ayud|sirva|útil|adapt|que (?:lo|la|te)",
        about=r"nota:|explicación|número de caracteres|longitud:|caracteres:|este (?:título|texto|"
        r"titular|mensaje)\b|"
        r"esta (?:descripción|leyenda|versión)",
        sorry=r"lo siento,? pero|como (?:una )?(?:ia|inteligencia)|no puedo (?:ayudar|escribir|crear|"
        r"generar)|"
        r"¿?podrías (?:darme|proporcionar|decirme)|por favor,? proporciona",
        unit=r"caracteres|palabras|letras",
    ),
    "it": Chatter(
        yes=r"certo|certamente|volentieri|naturalmente|con piacere|assolutamente|va bene|perfetto|"
        r"d['’]accordo",
        here=r"ecco(?:ti|le|vi)?|di seguito|qui (?:sotto|di seguito)|quest[oa] è|ti propongo|"
        r"la mia proposta",
        labels=r"titol[oi]|intestazione|descrizione|didascalia|oggetto|slogan|testo alternativo",
        names=r"testo|post|annuncio|messaggio|e-?mail|opzion[ei]|version[ei]|variant[ei]|propost[ae]|"
        r"suggeriment[oi]",
        bye=r"fammi sapere|mi faccia sapere|spero che|se (?:vuoi|desideri|hai bisogno|preferisci)|vuoi che|"
        r"posso (?:anche|aiutar)|non esitare",
        more=r"modific|cambi|altr[aeio]|version|variant|aiut|adatt|accorci|utile|piaccia|che (?:lo|la|ti)",
        about=r"nota:|spiegazione|numero di caratteri|lunghezza:|caratteri:|questo (?:titolo|testo|"
        r"messaggio)\b|"
        r"questa (?:descrizione|didascalia|versione)",
        sorry=r"mi dispiace,? ma|come ia\b|in quanto ia|non posso (?:aiutar|scriver|crear|generar)|"
        r"potresti (?:fornir|dirmi)",
        unit=r"caratteri|parole|lettere",
    ),
    "pt": Chatter(
        yes=r"claro|com certeza|certamente|com prazer|sem dúvida|perfeito|entendido|está bem",
        here=r"aqui (?:está|estão|vai|vão|tem)|segue[m]?|abaixo|eis|est[ea] é|proponho|minha sugestão",
        labels=r"títulos?|manchete|descrição|legenda|assunto|slogan|texto alternativo",
        names=r"texto|publicação|post|anúncio|mensagem|e-?mail|opç(?:ão|ões)|vers(?:ão|ões)|variantes?|"
        r"propostas?|sugest(?:ão|ões)",
        bye=r"espero que|me (?:avise|diga|informe)|avise-me|diga-me|se (?:quiser|precisar|desejar|"
        r"preferir)|"
        r"gostaria (?:que|de)|quer que eu|fique à vontade|posso ajudar",
        more=r"ajust|alter|modific|outr[ao]|vers[ãõ]|variante|ajud|adapt|útil|que eu",
        about=r"nota:|observação|explicação|número de caracteres|comprimento:|caracteres:|"
        r"este (?:título|texto|anúncio)\b|esta (?:descrição|legenda|versão)",
        sorry=r"(?:desculpe|sinto muito|lamento),? mas|como uma? ia\b|não posso (?:ajudar|escrever|"
        r"criar|gerar)|"
        r"poderia (?:fornecer|me dizer)",
        unit=r"caracteres|palavras|letras",
    ),
    "nl": Chatter(
        yes=r"natuurlijk|zeker|graag(?: gedaan)?|met plezier|prima|uiteraard|oké|absoluut",
        here=r"hier (?:is|zijn|volgt|komt|heb je)|hieronder|dit is (?:een|de|het|mijn)|mijn voorstel|"
        r"wat dacht je van",
        labels=r"kop(?:tekst|pen)?|titel|productbeschrijving|beschrijving|bijschrift|onderwerp(?:regel)?|"
        r"slogan|alt-?tekst",
        names=r"tekst|bericht|advertentie|e-?mail|opties?|versies?|varianten?|voorstel(?:len)?|suggesties?|"
        r"post",
        bye=r"laat (?:het )?(?:me|mij|maar)|ik hoop dat|als je |als u |wil je|wilt u|zal ik|"
        r"kan ik (?:nog|je)",
        more=r"aanpas|wijzig|ander|versie|variant|help|weten|kort|iets",
        about=r"opmerking|let op|toelichting|uitleg|aantal tekens|lengte:|tekens:|deze (?:kop|tekst|"
        r"titel|beschrijving)\b|"
        r"dit (?:bericht|bijschrift)\b",
        sorry=r"het spijt me,? maar|sorry,? maar ik|als (?:een )?ai\b|ik kan (?:helaas )?(?:niet|geen)|"
        r"(?:kun je|kunt u) (?:mij |me )",
        unit=r"tekens|woorden|letters",
    ),
    "pl": Chatter(
        yes=r"oczywiście|jasne|pewnie|z przyjemnością|chętnie|dobrze|naturalnie",
        here=r"oto|poniżej|proponuję|moja propozycja|to (?:mój|moja|moje)|przygotowałe?a?m",
        labels=r"nagłówe?k(?:i)?|tytuł|opis(?: produktu)?|podpis|temat|slogan|hasło|"
        r"tekst alternatywny",
        names=r"tekst|post|wpis|reklama|wiadomość|e-?mail|opcj[aei]|wersj[aei]|wariant[y]?|propozycj[aei]|"
        r"szkic",
        bye=r"daj (?:mi )?znać|mam nadzieję|jeśli |czy (?:chcesz|mogę|mam)|chętnie |w razie",
        more=r"zmie|zmian|popraw|inn[aey]|wersj|wariant|pom[oó]|dostos|skró|znać",
        about=r"uwaga|wyjaśnienie|liczba znaków|długość:|znaki:|ten (?:nagłówek|tekst|tytuł|opis)\b|"
        r"ta wersja",
        sorry=r"(?:przepraszam|przykro mi),? ale|jako (?:model|ai)\b|nie mogę (?:pomóc|napisać)|"
        r"czy możesz (?:podać|mi)|proszę o podanie",
        unit=r"znak(?:i|ów)|słów|słowa|liter",
    ),
    "ja": Chatter(
        yes=r"もちろん(?:です)?|承知(?:いた)?しました|かしこまりました|はい|了解(?:です|しました)|喜んで",
        here=r"以下|こちら|次の|下記",
        labels=r"見出し|タイトル|ヘッドライン|キャプション|説明文|商品説明|件名|キャッチコピー|"
        r"代替テキスト",
        names=r"投稿文?|広告文?|本文|文章|テキスト|メッセージ|案|コピー",
        bye=r"ご(?:希望|要望|不明|質問)|お気軽に|いかがでしょうか|必要(?:であれば|でしたら|に応じて)|"
        r"(?:他|ほか)に|お役に",
        more=r"修正|調整|変更|他|ほか|別|お役に立|要望|希望|案|いかが|お知らせ",
        about=r"注[:：]|※|文字数|補足|解説|ポイント[:：]|この(?:タイトル|見出し|キャプション|文章|"
        r"コピー)は",
        sorry=r"申し訳(?:ありません|ございません)が|AIとして|お手伝いできません|(?:情報|詳細)を教えて",
        unit=r"文字|字",
    ),
    "zh": Chatter(
        yes=r"当然(?:可以)?|當然(?:可以)?|好的|没问题|沒問題|可以",
        here=r"以下|这是|這是|下面|如下|这里是|為您|为您|根据您|我为|我為",
        labels=r"标题|標題|文案|描述|产品描述|產品描述|主题|主題|标语|標語|广告语|廣告語|口号|"
        r"替代文本|回答",
        names=r"帖子|广告|廣告|邮件|郵件|短信|消息|选项|選項|版本|建议|建議|文本|内容|內容",
        bye=r"如果(?:您|你)?|如需|希望(?:这|這|对|對)|请告诉我|請告訴我|需要我|您(?:可以|是否|还)|"
        r"还有|還有",
        more=r"修改|调整|調整|其他|其它|别的|更多|帮|幫|版本|满意|滿意|告诉我|告訴我",
        about=r"注[:：]|注意[:：]|字数|字數|说明[:：]|解释[:：]|解析[:：]|(?:这个|这则|該|该)(?:标题|"
        r"文案|描述)",
        sorry=r"(?:很|非常)?抱歉[，,]?(?:但|我)|对不起[，,]?(?:但|我)|作为(?:一个|一款|一名)?(?:AI|"
        r"人工智能)|"
        r"我(?:无法|不能)(?:提供|帮|写|生成)|请提供(?:更多|产品)",
        unit=r"个?字符|個?字元|个?字|個?字|词",
    ),
}  # fmt: skip
