"""First and last names, many of them not ASCII, some in composed and decomposed form."""

FIRST = (
    "Ada", "Åsa", "Zoë", "José", "Jose\u0301", "Łucja", "Özge", "İrem", "Đorđe", "Nguyễn",
    "Ольга", "Ελένη", "محمد", "שרה", "美咲", "지우", "अनन्या", "Siobhán", "Bob", "Carmen",
    "Dmitri", "Emeka", "Fatou", "Gwen", "Hana", "Ivo", "Jun", "Kofi", "Lea", "Mo",
)  # fmt: skip

LAST = (
    "Lovelace", "Sjöström", "O’Brien", "Núñez", "Nu\u0301n\u0303ez", "Wiśniewska", "Yıldız",
    "van der Berg", "Петрова", "Παππάς", "الأحمد", "לוי", "佐藤", "김", "शर्मा", "Smith-Jones",
    "d'Arc", "Müller", "Okafor", "Diallo", "Evans", "Novák", "Lee", "Mensah", "Rossi", "Ng",
)  # fmt: skip
