"""What models say around a text in further languages of the world. Words that take endings are given by
their stems.
"""

from lorakit.generation.copy.chatter import Chatter

OTHERS = {
    "ko": Chatter(
        yes=r"물론(?:입니다|이죠|이에요)?|네|알겠습니다|좋습니다|기꺼이|감사합니다",
        here=r"다음은|아래는|여기|제안(?:드리는|하는)|이건",
        labels=r"제목|헤드라인|캡션|상품 ?설명|제품 ?설명|설명|슬로건|대체 텍스트",
        names=r"문구|텍스트|게시물|게시글|광고|메시지|이메일|카피|버전|옵션|제안|초안|글",
        bye=r"(?:수정|변경|조정)(?:이|을|하)|다른 (?:버전|문구|제목|스타일|옵션)|"
        r"필요하(?:시면|면)|원하(?:시면|면)|"
        r"도움이 (?:되|필요)|혹시 (?:수정|다른|더)",
        more=r"수정|변경|조정|다른 (?:버전|문구|제목|스타일|옵션)|도움이",
        about=r"참고|설명:|글자 ?수|길이:|이 (?:제목|문구|헤드라인|설명)은",
        sorry=r"죄송(?:합니다|하지만)|미안하지만|AI로서|도와드릴 수 없|(?:정보|내용)를? (?:알려|제공)",
        unit=r"글자|자\b|단어",
    ),
    "ar": Chatter(
        yes=r"بالطبع|بالتأكيد|طبعا|طبعًا|بكل سرور|حسنا|حسنًا|شكرا|شكرًا",
        here=r"إليك(?:م)?|هذا هو|هذه هي|فيما يلي|تفضل|أقترح|هنا",
        labels=r"(?:ال)?عنوان(?:ًا|ا)?|(?:ال)?وصف(?: المنتج)?|(?:ال)?تعليق|(?:ال)?موضوع|(?:ال)?شعار",
        names=r"(?:ال)?نص|(?:ال)?منشور|(?:ال)?إعلان|(?:ال)?رسالة|(?:ال)?اقتراح|(?:ال)?خيارات?|(?:ال)?نسخة",
        bye=r"أخبرني|آمل|أتمنى|إذا (?:كنت|أردت|احتجت|رغبت)|هل (?:تريد|ترغب|تود)|لا تتردد|يمكنني",
        more=r"تعديل|تغيير|مساعدة|نسخة أخرى|خيار",
        about=r"ملاحظة|شرح|توضيح|عدد (?:الأحرف|الحروف)|الطول:|هذا (?:العنوان|النص)",
        sorry=r"(?:آسف|عذر[اًا]+|أعتذر|للأسف)،? (?:لكن|ولكن|لا)|كنموذج لغوي|لا (?:أستطيع|يمكنني) (?:مساعدة|"
        r"كتابة)",
        unit=r"حرف(?:ًا|ا)?|أحرف|كلمات|كلمة",
    ),
    "he": Chatter(
        yes=r"בטח|כמובן|בוודאי|בשמחה|ודאי|תודה",
        here=r"הנה|להלן|אני מציע|ההצעה שלי|זה",
        labels=r"ה?כותרת|ה?כיתוב|תיאור(?: המוצר)?|ה?תיאור|ה?נושא|ה?סלוגן",
        names=r"ה?טקסט|ה?פוסט|ה?מודעה|ה?הודעה|ה?הצעה|ה?גרסה|ה?אפשרויות|ה?אפשרות",
        bye=r"ספר לי|ספרו לי|תגיד|אשמח|מקווה|אם (?:תרצ|אתה|את|יש)|האם (?:תרצ|אתה)|רוצה",
        more=r"לשנות|שינוי|לעזור|עזרה|להתאים|לקצר|גרסה|אפשרויות",
        about=r"הערה|הסבר|מספר (?:ה)?תווים|אורך:|הכותרת (?:הזו|מכילה)",
        sorry=r"(?:מצטער(?:ת)?|סליחה),? (?:אבל|אך|אני)|כמודל שפה|אני לא (?:יכול|יכולה) (?:לעזור|לכתוב)",
        unit=r"תווים|מילים|אותיות",
    ),
    "vi": Chatter(
        yes=r"chắc chắn|tất nhiên|dĩ nhiên|được|vâng|rất sẵn lòng|cảm ơn",
        here=r"đây là|dưới đây|sau đây|tôi (?:đề xuất|gợi ý)|gợi ý của tôi",
        labels=r"tiêu đề|chú thích|mô tả(?: sản phẩm)?|chủ đề|khẩu hiệu|văn bản thay thế",
        names=r"văn bản|bài đăng|bài viết|quảng cáo|tin nhắn|phiên bản|lựa chọn|phương án|nội dung",
        bye=r"hãy cho tôi biết|cho tôi biết|hy vọng|nếu bạn|bạn có muốn|tôi có thể",
        more=r"chỉnh|thay đổi|sửa|phiên bản|lựa chọn khác|giúp (?:ích|gì)",
        about=r"lưu ý|ghi chú|giải thích|số ký tự|độ dài:|tiêu đề này|văn bản này",
        sorry=r"(?:xin lỗi|rất tiếc),? (?:nhưng|tôi)|là một (?:ai|mô hình)|tôi không thể (?:giúp|viết|tạo)",
        unit=r"ký tự|từ\b|chữ",
    ),
    "id, ms": Chatter(
        yes=r"tentu(?: saja)?|baik(?:lah)?|pasti|dengan senang hati|sudah tentu|terima kasih",
        here=r"berikut(?: (?:adalah|ini))?|ini (?:adalah|dia)|di bawah ini|saya (?:sarankan|usulkan)|"
        r"saran saya",
        labels=r"judul(?:nya)?|tajuk(?:nya)?|keterangan|deskripsi(?:nya)?(?: produk)?|penerangan|subjek|"
        r"slogan(?:nya)?",
        names=r"teks(?:nya)?|postingan|unggahan|iklan|pesan|versi|opsi|saran|pilihan|caption",
        bye=r"beri ?tahu (?:saya|jika|kalau)|semoga|jika (?:anda|kamu|ingin|perlu)|kalau|apakah (?:anda|"
        r"kamu)|"
        r"saya (?:juga )?bisa",
        more=r"ubah|sesuaikan|\bversi\b|(?:opsi|pilihan) lain|membantu|\bbantu",
        about=r"catatan|penjelasan|jumlah karakter|karakter:|panjang:|judul ini|teks ini",
        sorry=r"(?:maaf|mohon maaf),? (?:tapi|tetapi|saya)|sebagai (?:ai|model bahasa)|saya tidak (?:bisa|"
        r"dapat) (?:membantu|menulis)",
        unit=r"karakter|aksara|kata\b|huruf",
    ),
    "th": Chatter(
        yes=r"แน่นอน(?:ครับ|ค่ะ)?|ได้เลย(?:ครับ|ค่ะ)?|ยินดี(?:ครับ|ค่ะ)?|ขอบคุณ",
        here=r"นี่คือ|ต่อไปนี้|ด้านล่าง|ขอเสนอ|นี่เป็น",
        labels=r"หัวข้อ|พาดหัว|หัวเรื่อง|คำบรรยาย|แคปชั่น|คำอธิบาย(?:สินค้า)?|สโลแกน",
        names=r"ข้อความ|โพสต์|โฆษณา|อีเมล|เวอร์ชัน|ตัวเลือก|ตัวอย่าง",
        bye=r"(?:หาก|ถ้า)(?:คุณ)?ต้องการ(?:แก้ไข|ปรับ|เปลี่ยน|เวอร์ชัน|ตัวเลือก)|หวังว่า|(?:แจ้ง|"
        r"บอก)(?:ให้)?(?:ฉัน|ผม|เรา)",
        more=r"แก้ไข|ปรับ|เปลี่ยน|ประโยชน์|เวอร์ชัน|ตัวเลือก|ถูกใจ",
        about=r"หมายเหตุ|คำอธิบาย:|จำนวนตัวอักษร|ความยาว",
        sorry=r"(?:ขออภัย|ขอโทษ)(?:ครับ|ค่ะ)?.{0,6}(?:แต่|ไม่สามารถ)|ในฐานะ(?:AI|โมเดล)",
        unit=r"ตัวอักษร|อักขระ|คำ",
    ),
    "hi": Chatter(
        yes=r"ज़रूर|जरूर|बिल्कुल|बेशक|ठीक है|धन्यवाद",
        here=r"यहाँ|यहां|यह रहा|ये रहा|यह रही|नीचे|पेश है|प्रस्तुत है",
        labels=r"शीर्षक|हेडलाइन|कैप्शन|विवरण|विषय|नारा|टैगलाइन",
        names=r"टेक्स्ट|पोस्ट|विज्ञापन|संदेश|ईमेल|सुझाव|विकल्प|संस्करण",
        bye=r"अगर|यदि|मुझे बता|आशा है|उम्मीद है|क्या आप|कृपया बता",
        more=r"बदल|संशोध|दूसर\w* (?:संस्करण|विकल्प)|मदद",
        about=r"नोट|ध्यान दें|व्याख्या|अक्षरों की संख्या|लंबाई|यह शीर्षक",
        sorry=r"(?:क्षमा करें|माफ़ करें|माफ करें|खेद है),? (?:लेकिन|मैं)|एक एआई|मैं (?:मदद|सहायता) नहीं",
        unit=r"अक्षर|वर्ण|शब्द",
    ),
    "ca": Chatter(
        yes=r"i tant|és clar|per descomptat|naturalment|esclar|d['’]acord|gràcies",
        here=r"aquí (?:tens|teniu|té|hi ha|està)|a continuació|et proposo|la meva proposta",
        labels=r"títols?|titular(?:s)?|descripció|peu de foto|llegenda|assumpte|eslògan",
        names=r"text|publicació|anunci|missatge|correu|opci(?:ó|ons)|versi(?:ó|ons)|propost[ae]s?",
        bye=r"espero que|fes-m['’]ho saber|digue['’]?m|si (?:vols|necessites|voleu)|vols que|puc (?:també|"
        r"fer)",
        more=r"ajust|modific|canvi|altra versió|ajud|adapt",
        about=r"nota:|explicació|nombre de caràcters|longitud:|caràcters:|aquest (?:títol|text)",
        sorry=r"(?:ho sento|em sap greu),? però|com a (?:ia|model)|no puc (?:ajudar|escriure)",
        unit=r"caràcters|paraules|lletres",
    ),
}  # fmt: skip
