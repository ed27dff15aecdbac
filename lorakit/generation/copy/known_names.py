"""Names and words that are one letter from others: none of them is taken for a slip of another."""

_WORDS = """
adrian adriana alana alba aldi alexa alina alisa amalia amelia andrea angel angela angelina angle anita
anton antonia ariana arial ariel armani aurora austin avalon berlin bergen bernard bianca blanca boston
bottle brisa bristol bruno butter button cairo camelia camilla candle canon cannon capri carla carlo
carmen carol carola carolina caroline casual causal celia channel chanel chile china chloe christian
christina claudia colin columbia colombia coral corral corina corrina corona cosmo cream crema dairy daisy
dakota dallas daniel daniela danila denver desert dessert diana diary diesel diner dinner dolomiti donna
dora doris dublin elena elisa elise ella ellen emilia emma erica erika eva fabian felicia felix finland
fiona flora florence florida france francesca francis frances frida friday gabriel gabriela galaxy geneva
genova georgia gloria greta hanna hannah harmony helena helene henry indiana india iris irland ireland
island isla isabel isabella ivana jasmin jasmine java joanna johanna jordan josef joseph julia juliana
julian juno karin karina karla katrin katharina kenia kenya kira kitchen kitten klara lara laura lavender
lena lenor lenovo leona liana lidia lina linda lisa lisbon london loose lorena lotus lucia lucinda luna
lydia lyon madeira madrid magnolia manila marcel marco marcus marta maria mariana marian marina marine
marino mario marion marisa marissa martial martin martina martini mary mateo mathilda matilda maxima
mercury merino milan milano milena mina minerva mira miranda mona monaco monica monika montana morning
nadia nadine naples natalia natalie natasha nevada nikola nikolai nivea nora nordic normal norman norway
olive oliver olivia orion orlando oscar oslo padua palermo palma paloma pamela panama paris parma patricia
patrick paula paulina pauline persia persil peru petra philip philippa phoenix pilot poland porto prague
quiet quite regina riga rimini roberta robert roma romana romania roman rosa rosalia rosanna rosina rowan
sabina sabine sabrina sahara samara samsung santa santana sardinia saturn scotland selena selina sandra
sara sarah sicily siena sienna sierra silva silver silvia sliver simon simona sofia sonia sophia sophie
spirit sprite stella summer sweden sylvia tamara tanya tatiana teresa texas theresa tirol titan titania
torino toronto trail trial trieste trinity tunis turin ulrika united untied ursula valentin valentina
valencia valeria vanessa vanilla venus vera verona veronica victor victoria viola violet violeta virginia
vienna vilnius vision vittoria vivian volta volvo weather whether william winter yvonne zara
"""
KNOWN = frozenset(_WORDS.split())
