"""Words for the generated product copy: parts of facts and of names, uses, benefits and audiences."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Parts of facts that no kind lists: they teach the model to repeat whatever a brief says.
MATERIALS = _words(
    "steel copper brass titanium aluminium bamboo cork linen hemp silk leather suede wool cotton felt "
    "denim marble granite slate clay porcelain glass crystal walnut maple cherry birch ash pine teak "
    "rubber wax paper velvet carbon ceramic silver gold nylon canvas rattan wicker cashmere alpaca"
)
ADJECTIVES = _words(
    "new small large light soft strong quiet bright clear smooth natural simple modern classic organic "
    "recycled hidden double solid slim wide deep warm cool fresh dry fine pure rare golden silver blue "
    "green red black white round square flat magnetic wireless foldable removable adjustable reusable "
    "refillable waterproof handmade local seasonal limited certified premium everyday"
)
PARTS = _words(
    "handle lid strap pocket base frame cover case box screen button zip sole collar filter blade battery "
    "cable motor wheel light sensor mirror label cap spout hook stand tray lining seam finish edge "
    "pattern scent flavour texture grip hinge drawer shelf cushion display timer speaker pump valve"
)
UNITS = _words(
    "ml g kg cm mm hours minutes days weeks years pieces colours sizes watts litres metres percent"
)
PLACES = _words(
    "Portugal Italy Japan Norway Berlin Kyoto Peru Kenya Lisbon Vienna Scotland Denmark Oslo Turin Porto "
    "Lyon Ghent Bavaria Tuscany Iceland Brazil Mexico Canada Sweden Finland Greece Spain France Wales"
)
SUBSTANCES = _listed(
    "sugar|salt|gluten|plastic|lactose|alcohol|parabens|silicone|perfume|palm oil|nickel|lead|chlorine|"
    "additives|nuts|soy|dyes|glue"
)

GENERAL_USES = _listed("at home|on the go|every day|at work|when you travel|with friends|all year round")
GENERAL_BENEFITS = _listed(
    "make every day easier|enjoy the small things|save time|feel good about your choice|do more with less|"
    "live a little better|treat someone you love|get it right the first time|keep things simple"
)
AUDIENCES = _listed(
    "busy parents|students|people who work from home|runners|commuters|home cooks|people who love design|"
    "outdoor lovers|small offices|families|travellers|people who care about the planet|gift hunters|"
    "early risers|city people|beginners|young professionals|dog owners|coffee lovers|gamers|teachers|"
    "athletes|retired people|gardeners|musicians|new homeowners|cyclists|photographers"
)

# Syllables of made-up names: so many that a name cannot be remembered, only copied.
ONSETS = _listed(
    "b|c|d|f|g|h|j|k|l|m|n|p|r|s|t|v|w|y|z|br|cl|cr|dr|fl|fr|gl|gr|kr|pl|pr|qu|sh|sk|sl|sn|sp|st|th|tr|ch|x|"
    "l|m|n|r|s|t|v|k|b|d|n|l|r|"
)
VOWELS = _words("a e i o u a e i o u a e i o a e i o y ai au ee ia oo ou")
CODAS = _words("n r l s t m x d k th n r l s ng nd rd lt st ck ll rn sh v n r l")

# Words of every day, for names and facts that say anything at all.
EVERYDAY = _words(
    "apple arm autumn baby bag bake ball band bank barley basket bath beach bean bear bed bell belt berry "
    "bird biscuit blue board boat body bone book boot border bow bowl box brave bread breakfast breath "
    "brick bridge brook brother brush bubble bucket build burn bush butter cabin cable cake calm camp candy "
    "canyon cap car card care carrot carve castle cat chain chalk cheese chef chest chicken child church "
    "cinnamon circle city clean clever cliff clock close cloud clover club coast coat cold comb compass "
    "cook coral corn corner count cow craft cream creek cross crown cub curve dance dark dawn day deer "
    "desert dew dinner dish dock dog door dough dove down dragon dream dress drift drive drop drum duck "
    "dusk dust eagle ear early earth east easy egg elder elm ember engine even evening eye face fair fall "
    "family farm fast father feather fern festival field fig fire fish five flame flat fleet flint float "
    "flour flower fly fog folk foot forest fork fort four fox frame free friend frost fruit full game "
    "garden gate gentle ghost gift ginger girl give glad glove goat gold good goose grain grand grape grass "
    "great green grey grip ground grove guest guitar half hall hammer hand happy harbour hare harvest hay "
    "hazel head heart heat hedge help hen herb high hill holiday home hop horn horse hotel hour house "
    "hunter ice idea ink iron island ivory jar jewel join jolly jump jungle key kid king kitchen kite knot "
    "lace ladder lady lake lamb land lane lark late laugh lavender leaf lemon lentil letter life light lily "
    "lime line lion list little live local log long loop love low lucky lunch machine magic mango map "
    "market master meadow meal melon menu merry middle milk mill mind mint minute mist monday money moon "
    "morning moss mother mount mountain mouse mouth music mustard narrow neat neck nest net never new night "
    "nine noble noon north nose note nutmeg oak oat ocean office oil old olive onion open orange orbit "
    "orchard order oven owl paint palm paper park party pasta path peach peak pear pearl pebble pen pepper "
    "petal piano picnic pie pilot pine pink pipe planet plate play plum pocket poem pond pool poppy port "
    "potato press prince proud pump quarter queen quick quiet rabbit race radio rain ramp raven ready real "
    "red reed rest ribbon rice rich ride river road robin rock roll roof room root rope rose rough round "
    "royal run rush saddle saffron sail salad salt sand sandal sauce school sea seed seven shade shadow "
    "shape sheep shell shepherd ship shop shore short shoulder silent silk simple sing sister six skin sky "
    "sleep slope slow smart smoke smooth snack snow soap sock soft soil song soup south sparrow spice "
    "spring square stable star station steam step stone storm story stove straw stream street strong sugar "
    "summer sun sunday swan sweet swift swing table tail tale tall taste tea team ten thistle thorn three "
    "thunder thyme tide tiger time tiny toast tomato tooth top tower town trail train tree trip true trust "
    "tulip turn twin two uncle under union valley vanilla velvet village vine violet voice wagon wake walk "
    "wall walnut wander warm wash water wave way wax weather wednesday week west whale wheat wheel white "
    "whole wide wild willow wind window wing winter wise wish wolf wonder wood wool word work world year "
    "yellow yes young zebra zest"
)
VERBS = _words(
    "baked brewed built carved charges cleans cooled cooks cut cuts designed dried dries fed fermented "
    "fills fits folds glows grown grows hangs heated heats holds keeps knitted lasts lights made makes "
    "melts mixed moves opens packed painted picked plays poured pressed prints protects rests rolls runs "
    "sealed sewn shines sings sits slides smells smoked sold sorted spins stands stays stored sweetened "
    "tested tied turns used warms washed washes weighs works wraps wrapped writes"
)
LINKS = _words(
    "in on at by for from with without under over near after before between during inside behind like "
    "through to"
)
NUMBERS = _words(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty ninety hundred"
)
