"""Words for the generated product copy: kinds of products, what may be true of them, parts of names."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A type of product: its nouns, what may be true of it, where it is used, and what it is good for."""

    nouns: tuple[str, ...]
    facts: tuple[str, ...]
    uses: tuple[str, ...]
    benefits: tuple[str, ...]


def _kind(nouns: str, facts: str, uses: str, benefits: str) -> Kind:
    return Kind(_listed(nouns), _listed(facts), _listed(uses), _listed(benefits))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KINDS = (
    _kind(
        "water bottle|flask|thermos|bottle",
        "made of recycled steel|keeps drinks cold for 24 hours|holds 750 ml|leakproof lid|"
        "fits every cup holder|free of plastic",
        "on the trail|at the gym|on the way to work",
        "stay fresh all day|leave plastic behind|drink more water",
    ),
    _kind(
        "coffee|espresso|coffee blend",
        "roasted in small batches|notes of cocoa and cherry|grown at 1,800 metres|fair trade|"
        "ready in four minutes|whole beans",
        "at breakfast|after lunch|in the morning",
        "start the day well|slow down for a moment|taste the difference",
    ),
    _kind(
        "tea|herbal tea|green tea",
        "picked by hand|free of caffeine|blended with mint|in compostable bags|from a family garden|"
        "ready in three minutes",
        "in the evening|on a rainy day|after dinner",
        "find a quiet moment|sleep better|warm up gently",
    ),
    _kind(
        "mug|cup|travel mug|teapot",
        "glazed by hand|safe for the dishwasher|holds 350 ml|made of stoneware|with a wide handle|"
        "keeps its heat",
        "at your desk|by the window|on slow mornings",
        "make every sip count|feel at home|enjoy the first cup",
    ),
    _kind(
        "candle|scented candle|room spray",
        "burns for 45 hours|made of soy wax|scented with cedar|poured by hand|in a glass you can reuse|"
        "with a cotton wick",
        "in the living room|after a long day|at the dinner table",
        "set the mood|unwind in minutes|fill the room with calm",
    ),
    _kind(
        "face cream|day cream|hand cream|serum",
        "with oat and shea|free of perfume|tested on sensitive skin|absorbs in seconds|"
        "made without palm oil|with vitamin E",
        "every morning|before bed|in cold weather",
        "keep skin soft|feel fresh|protect what you wear every day",
    ),
    _kind(
        "shampoo|soap|shower gel|conditioner",
        "made from plants|with rosemary oil|free of sulphates|lasts 60 washes|in a refill pack|"
        "gentle on the scalp",
        "in the shower|after sport|on every trip",
        "start clean|use less plastic|smell wonderful",
    ),
    _kind(
        "running shoe|sneaker|trail shoe|boot",
        "weighs 210 grams|with a recycled upper|grips on wet ground|cushioned heel|laces that stay tied|"
        "tested over 800 km",
        "on your morning run|in the city|on rough paths",
        "run further|land softly|leave your worries behind",
    ),
    _kind(
        "backpack|daypack|school bag|tote bag|suitcase",
        "holds 22 litres|with a padded sleeve|made of waxed cotton|waterproof zips|weighs 800 grams|"
        "repaired for free",
        "on the commute|on weekend trips|at school",
        "carry everything easily|keep your things dry|travel light",
    ),
    _kind(
        "lamp|desk lamp|reading lamp|lantern",
        "dims in three steps|uses 6 watts|with a linen shade|turns in every direction|made of oak|"
        "charges your phone",
        "by the bed|at your desk|in the reading corner",
        "see clearly|create a cosy corner|rest your eyes",
    ),
    _kind(
        "chair|armchair|stool|desk|shelf",
        "made of solid oak|covered in wool|built in ten minutes|stackable|with a curved back|"
        "guaranteed for ten years",
        "at the table|in the hall|in the home office",
        "sit well for hours|save space|welcome your guests",
    ),
    _kind(
        "notebook|planner|journal|fountain pen",
        "with 160 pages|bound with thread|lies flat|printed on recycled paper|with dotted pages|"
        "fits in a coat pocket",
        "in meetings|on the train|at the kitchen table",
        "keep your ideas|plan with ease|write more often",
    ),
    _kind(
        "headphones|earbuds|speaker",
        "plays for 30 hours|charges in ten minutes|blocks the noise around you|splash proof|folds flat|"
        "with clear bass",
        "on the train|in the office|in the park",
        "hear every detail|focus for longer|take your music anywhere",
    ),
    _kind(
        "bicycle|city bike|e-bike|scooter",
        "with a belt drive|weighs 13 kilos|goes 80 km on one charge|lights built in|made to order|"
        "with eight gears",
        "in town|on the way to work|along the river",
        "arrive relaxed|skip the traffic|enjoy the ride",
    ),
    _kind(
        "olive oil|salad dressing|hot sauce",
        "pressed the same day|from a single grove|in a dark bottle|with a peppery finish|"
        "harvested by hand|unfiltered",
        "on salads|with fresh bread|over pasta",
        "lift a simple meal|taste the south|cook with confidence",
    ),
    _kind(
        "chocolate|chocolate bar|cookie",
        "with 70 percent cocoa|made with sea salt|stone ground|free of milk|wrapped in paper|"
        "from three farms",
        "after dinner|with a coffee|on the sofa",
        "treat yourself|share a good thing|taste real cocoa",
    ),
    _kind(
        "honey|jam|peanut butter",
        "from wild meadows|never heated|with whole fruit|in a glass jar|cooked in copper pots|"
        "with half the sugar",
        "on toast|at breakfast|in yoghurt",
        "sweeten the morning|bring summer back|taste the garden",
    ),
    _kind(
        "dog food|dog treat|cat food",
        "with fresh salmon|free of grain|made without colours|baked slowly|in a pack that closes|"
        "chosen by vets",
        "after a walk|at every meal|as a reward",
        "keep your pet happy|give them the best|see their coat shine",
    ),
    _kind(
        "blanket|throw|quilt|pillow",
        "woven from merino wool|washable at 30 degrees|130 by 180 cm|made in a family mill|"
        "filled with cotton|soft from the first day",
        "on the sofa|in the garden|on cool nights",
        "get comfortable|stay warm|make the room softer",
    ),
    _kind(
        "pan|frying pan|wok|kettle",
        "forged from iron|works on induction|with a beech handle|heats evenly|without coating|"
        "lasts a lifetime",
        "in the kitchen|over a fire|every day",
        "cook like a chef|get a perfect crust|buy only once",
    ),
    _kind(
        "knife|kitchen knife|cutting board",
        "made of Japanese steel|sharp for months|balanced by hand|with a walnut handle|weighs 180 grams|"
        "sharpened for free",
        "in the kitchen|at the barbecue|for every vegetable",
        "cut with ease|cook faster|enjoy the work",
    ),
    _kind(
        "toothbrush|toothpaste|razor",
        "with a bamboo handle|soft bristles|lasts three months|free of microplastics|with fresh mint|"
        "made for sensitive teeth",
        "morning and night|on every trip|in the family bathroom",
        "smile freely|start gently|waste less",
    ),
    _kind(
        "jacket|raincoat|parka|umbrella",
        "waterproof to 10,000 mm|made from old nets|with six pockets|taped seams|packs into its own hood|"
        "lined with fleece",
        "in the rain|in the mountains|between seasons",
        "stay dry|go out in any weather|feel light",
    ),
    _kind(
        "t-shirt|sweater|shirt|scarf|hat",
        "made of organic cotton|cut for a loose fit|dyed without poison|keeps its shape|"
        "knitted in one piece|in nine sizes",
        "every day|at the office|at the weekend",
        "wear it for years|feel good at once|dress simply",
    ),
    _kind(
        "watch|wristwatch|ring|bracelet",
        "with a sapphire glass|runs on daylight|only 7 mm thin|waterproof to 50 metres|"
        "with a leather strap|assembled by hand",
        "in meetings|on the beach|every day",
        "keep your time|wear less, say more|own one good thing",
    ),
    _kind(
        "sunscreen|lip balm|sunglasses",
        "with factor 50|safe for reefs|free of perfume|waterproof for 80 minutes|leaves no white film|"
        "with aloe",
        "at the beach|in the mountains|in the city",
        "enjoy the sun safely|feel soft and safe|stay outside longer",
    ),
    _kind(
        "plant pot|vase|planter|watering can",
        "fired at 1,200 degrees|with a hidden saucer|made of clay|in four sizes|frost proof|"
        "each one different",
        "on the balcony|on the shelf|in the hall",
        "bring the green inside|let flowers shine|grow something",
    ),
    _kind(
        "toy|wooden toy|puzzle|board game",
        "made of beech|painted with water colours|for children from three|with 60 pieces|"
        "without batteries|tested for safety",
        "on rainy days|at grandma's|in the car",
        "play for hours|spark ideas|learn without noticing",
    ),
    _kind(
        "yoga mat|dumbbell|skipping rope|tennis racket",
        "made of natural rubber|with a firm grip|4 mm thick|rolls up small|easy to clean|free of latex",
        "at home|in the studio|in the park",
        "move with ease|train anywhere|find your balance",
    ),
    _kind(
        "granola|muesli|snack bar|juice",
        "with 40 percent nuts|without added sugar|baked in the oven|rich in fibre|with dried berries|"
        "made in small batches",
        "at breakfast|between meetings|on a hike",
        "keep going until lunch|eat well in a hurry|start strong",
    ),
    _kind(
        "phone case|charger|keyboard|camera|phone stand|power bank|tablet|printer",
        "charges twice as fast|with one cable for everything|survives a fall from two metres|"
        "with quiet keys|fits in one hand",
        "at your desk|on the go|in the studio",
        "get more done|keep everything in reach|worry less",
    ),
    _kind(
        "perfume|cologne|lipstick|nail polish|mascara",
        "with notes of fig and cedar|lasts for twelve hours|made without alcohol|"
        "in a bottle you can refill|never tested on animals",
        "in the evening|on special days|every morning",
        "be remembered|feel like yourself|show your colours",
    ),
    _kind(
        "tent|sleeping bag|headlamp|hammock|camping stove",
        "stands in two minutes|weighs 1.4 kilos|warm down to minus five degrees|with room for two|"
        "dries overnight",
        "in the mountains|under the stars|at the lake",
        "sleep well outside|go further|wake up with a view",
    ),
    _kind(
        "app|online course|magazine|ticket|gift card",
        "with 40 lessons|cancel at any time|works without internet|new every month|free for 30 days",
        "in the evening|on your phone|at the weekend",
        "learn something new|find time for yourself|make someone happy",
    ),
    _kind(
        "beer|wine|lemonade|gin|mineral water",
        "brewed with spring water|aged in oak|free of alcohol|with real lemons|bottled by hand|"
        "with 12 botanicals",
        "with friends|on warm evenings|at the table",
        "raise a glass|cool down|celebrate small things",
    ),
    _kind(
        "mattress|towel|bed linen|rug|curtain",
        "woven from linen|made in Portugal|dries in half the time|try it for 100 nights|"
        "with two firm sides|free of harmful dyes",
        "at home|in every room|night after night",
        "sleep deeply|feel the difference|come home to comfort",
    ),
)

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
