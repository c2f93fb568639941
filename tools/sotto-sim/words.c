/* words: composes titles such as "Speckled Stoneware Teapot". A title is a numbered combination
 * (look, material, thing), stepped through with a stride coprime to their number, so that no two
 * items of a category are called the same. Called by world.c. */
#include <stdio.h>

#include "tools/sotto-sim/dice.h"
#include "tools/sotto-sim/words.h"

enum { LOOKS = 32, MATERIALS = 8, THINGS = 12, COMBINATIONS = LOOKS * MATERIALS * THINGS };

static const char *const looks[LOOKS] = {
    "Speckled", "Moss Green", "Midnight Blue", "Hand-finished", "Scalloped", "Slim",    "Heirloom",
    "Striped",  "Pale Rose",  "Amber",         "Nordic",        "Checked",   "Rounded", "Quiet",
    "Everyday", "Harbour",    "Orchard",       "Weathered",     "Fluted",    "Dotted",  "Ivory",
    "Charcoal", "Terracotta", "Featherlight",  "Old Town",      "Meadow",    "Copper",  "Wintering",
    "Saffron",  "Tall",       "Little",        "Grand"};

static const struct {
    const char *name;
    uint32_t pence, peak;
    const char *materials[MATERIALS], *things[THINGS];
} categories[WORLD_CATEGORIES] = {
    {"Tea & coffee",
     1450,
     0,
     {"Stoneware", "Porcelain", "Glass", "Enamel", "Cast-iron", "Bamboo", "Ceramic", "Steel"},
     {"Teapot", "Coffee Dripper", "Milk Jug", "Cup & Saucer", "Tea Caddy", "Kettle", "Mug Pair",
      "Sugar Bowl", "Strainer", "Moka Pot", "Travel Cup", "Tea Tray"}},
    {"Cook & bake",
     1890,
     10,
     {"Beechwood", "Marble", "Tin", "Silicone", "Carbon Steel", "Olive Wood", "Copper-base",
      "Enamelled"},
     {"Rolling Pin", "Loaf Pan", "Mixing Bowl", "Pastry Brush", "Casserole", "Cake Ring",
      "Spice Mill", "Whisk", "Chopping Board", "Pie Dish", "Ladle", "Measuring Cups"}},
    {"Table & dining",
     1650,
     11,
     {"Linen", "Cotton", "Brass", "Earthenware", "Crystal", "Rattan", "Silver-plated", "Acacia"},
     {"Table Runner", "Napkin Set", "Serving Platter", "Salad Servers", "Place Mats", "Carafe",
      "Bread Basket", "Dinner Plates", "Salt Cellar", "Cake Stand", "Fruit Bowl", "Tumblers"}},
    {"Garden",
     2150,
     4,
     {"Zinc", "Clay", "Willow", "Galvanised", "Cedar", "Jute", "Recycled", "Slate"},
     {"Watering Can", "Seed Box", "Planter", "Bird Feeder", "Trowel", "Garden Lantern",
      "Plant Markers", "Trug", "Kneeling Pad", "Bird Bath", "Twine Stand", "Potting Bench"}},
    {"Candles & light",
     1250,
     11,
     {"Beeswax", "Soy", "Paper", "Smoked-glass", "Driftwood", "Brass-wire", "Frosted",
      "Wrought-iron"},
     {"Pillar Candle", "Lantern", "Tealight Holder", "Bedside Lamp", "Fairy Lights", "Candlestick",
      "Lampshade", "Star Light", "Reading Light", "Wax Melts", "Hurricane Lamp", "Night Light"}},
    {"Paper & desk",
     850,
     8,
     {"Recycled Paper", "Leather", "Cork", "Kraft", "Walnut", "Canvas", "Letterpress", "Felt"},
     {"Notebook", "Pen Roll", "Desk Tray", "Greeting Cards", "Wall Calendar", "Letter Opener",
      "Bookends", "Pencil Case", "Photo Album", "Wrapping Set", "Postcard Box", "Recipe Journal"}},
    {"Children",
     1750,
     11,
     {"Wooden", "Knitted", "Painted", "Organic Cotton", "Tin-plate", "Plush", "Birch", "Rubber"},
     {"Train Set", "Rattle", "Building Blocks", "Puppet Theatre", "Skipping Rope", "Spinning Top",
      "Picture Puzzle", "Rag Doll", "Kite", "Toy Boat", "Music Box", "Nursery Bunting"}},
    {"Bath & care",
     1100,
     1,
     {"Turkish Cotton", "Sea-salt", "Olive-oil", "Waffle", "Bamboo-fibre", "Lavender", "Oatmeal",
      "Hinoki"},
     {"Bath Towel", "Soap Bar", "Bath Salts", "Hand Cream", "Nail Brush", "Bath Mat", "Face Cloth",
      "Shower Steamer", "Soap Dish", "Body Oil", "Wash Bag", "Bath Rack"}},
    {"Textiles",
     2950,
     9,
     {"Merino", "Washed Linen", "Velvet", "Boucle", "Corduroy", "Mohair", "Quilted", "Herringbone"},
     {"Throw", "Cushion Cover", "Bedspread", "Door Curtain", "Floor Cushion",
      "Hot-water Bottle Cover", "Blanket", "Draught Excluder", "Pillowcase Pair", "Wall Hanging",
      "Apron", "Oven Glove"}},
    {"Storage",
     1980,
     2,
     {"Seagrass", "Wire", "Folding", "Stackable", "Hyacinth", "Pine", "Perforated", "Woven"},
     {"Laundry Basket", "Shoe Rack", "Drawer Divider", "Storage Crate", "Coat Hooks", "Bread Bin",
      "Key Cabinet", "Umbrella Stand", "Shelf Riser", "Trinket Box", "Wine Rack", "Magazine File"}},
    {"Pantry",
     720,
     6,
     {"Small-batch", "Organic", "Stone-ground", "Wild", "Smoked", "Barrel-aged", "Raw",
      "Slow-cooked"},
     {"Plum Chutney", "Heather Honey", "Oatcakes", "Apple Vinegar", "Mustard", "Sea Salt Flakes",
      "Elderflower Cordial", "Damson Jam", "Rapeseed Oil", "Ginger Biscuits", "Lemon Curd",
      "Pickled Walnuts"}},
    {"Outdoors",
     2600,
     6,
     {"Waxed", "Insulated", "Wool-blend", "Lightweight", "Ripstop", "Steel-lined", "Packable",
      "Waterproof"},
     {"Picnic Rug", "Rucksack", "Flask", "Camp Stool", "Picnic Hamper", "Rain Hat", "Hiking Socks",
      "Camp Mug", "Cool Bag", "Head Torch", "Hammock", "Dog Lead"}},
};

const char *words_category(uint32_t category) { return categories[category].name; }
uint32_t words_price(uint32_t category) { return categories[category].pence; }
uint32_t words_peak(uint32_t category) { return categories[category].peak; }

void words_id(char id[WORLD_ID_BYTES], uint32_t item, uint64_t seed) {
    /* 7919 is coprime to 90000: distinct below 90,000 items; the seed only shifts */
    uint32_t n = (uint32_t)(((uint64_t)item * 7919 + dice_mix(seed) % 90000) % 90000);
    snprintf(id, WORLD_ID_BYTES, "SO-%05u", 10000 + n);
}

void words_title(char title[WORLD_TITLE_BYTES], uint32_t category, uint32_t k, uint64_t seed) {
    /* 1327 is prime and does not divide 3072 = 2^10 · 3 */
    uint32_t n =
        (uint32_t)(((uint64_t)k * 1327 + dice_mix(seed + category) % COMBINATIONS) % COMBINATIONS);
    snprintf(title, WORLD_TITLE_BYTES, "%s %s %s", looks[n % LOOKS],
             categories[category].materials[n / LOOKS % MATERIALS],
             categories[category].things[n / LOOKS / MATERIALS]);
}
