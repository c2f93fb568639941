/* sensitive_words: see sensitive_words.h. A text is folded to " lower case ascii words "; a pattern
 * is a word or several, "word*" begins a word, "*word*" is anywhere in one (German compounds). */
#include "tools/common/sensitive_words.h"

#include <stdlib.h>

/* Taken out of a text before it is judged. */
static const char *const lookalikes[] = {
    "union jack",         "european union", "europaische union", "union europeenne",
    "union europea",      "rugby union",    "western union",     "wine gum*",
    "weingummi*",         "root beer",      "ginger beer",       "vin diesel",
    "bierschinken*",      "bierwurst",      "rum raisin",        "cognac leather",
    "kinderriegel*",      "kinder bueno",   "kinder joy",        "kinder chocolate",
    "kinder schokolade*", "party hat*",     "party food*",       "party game*",
    "medicine ball*",     "medizinball*",   "health food*",      "race car*",
    "race bike*",         "race track*",    "cell phone*",       "cigarette lighter socket",
    "alcohol free",       "non alcoholic",  "alkoholfrei*",      "sans alcool",
    "sin alcohol",        "debit card*",    "baby corn",         "baby carrot*",
    "baby spinach",       "baby leaf",      "baby potato*",      "church bell flower*",
    "*schwein*",          "cross country*", "oil of oregano",    "true crime",
    "crime fiction",      "crime novel*",   "crime drama*",      "visa card*",
    "card games",         "board games",
};

static const struct {
    uint32_t kind;
    const char *words; /* with | between */
} marks[] = {
    {SOTTO_SENSITIVE_HEALTH,
     "health|medicine*|medical*|medication*|pharmac*|drugstore|pill|pills|tablets painkiller|"
     "painkiller*|pregnan*|prenatal|fertility|ovulation|contracept*|condom*|diabet*|insulin|cancer|"
     "chemo*|hiv|aids test|depress*|antidepress*|anxiety|insomnia|incontinen*|adult diaper*|"
     "wheelchair*|hearing aid*|blood pressure|glucose|wart|warts|lice|menopaus*|migraine*|allerg*|"
     "laxative*|hemorrhoid*|haemorrhoid*|weight loss|slimming|autis*|dementia|covid*|std test|"
     "gesundheit*|medizin*|arznei*|*apothek*|schmerzmittel*|*schwanger*|verhutung*|kondom*|krebs*|"
     "*depression*|*inkontinen*|rollstuhl*|horgerat*|blutdruck*|*abfuhrmittel*|wechseljahr*|"
     "sante|medicament*|pharmacie*|douleur*|grossesse|enceinte|preservatif*|cancer|fauteuil "
     "roulant|"
     "diabete*|salud|medicina*|medicamento*|farmacia*|embaraz*|preservativo*|anticoncept*|"
     "silla de ruedas|diabetes"},
    {SOTTO_SENSITIVE_RELIGION,
     "religio*|bible*|quran*|koran*|torah|prayer*|rosary|church*|mosque*|synagogue*|halal|kosher|"
     "ramadan|hanukkah|yom kippur|first communion|baptism*|christening|crucifix*|hijab*|kippah|"
     "yarmulke|buddhis*|hindu*|islam*|muslim*|jewish|catholic*|protestant*|atheis*|jehovah*|"
     "bibel*|gebet*|kirche*|moschee*|synagoge*|rosenkranz|koscher|kommunion*|taufe*|konfirmation*|"
     "priere*|eglise*|mosquee*|casher|bapteme*|chapelet|biblia*|oracion*|iglesia*|mezquita*|"
     "sinagoga*|rosario|bautizo*|primera comunion"},
    {SOTTO_SENSITIVE_POLITICS,
     "politic*|election*|ballot*|campaign badge|republican*|democrat*|communis*|socialis*|"
     "conservative party|labour party|left wing|right wing|activis*|protest sign*|"
     "politik*|*partei|wahlkampf*|politique*|politico|politica*|elecciones|"
     "parti politique|partido politico|manifestacion"},
    {SOTTO_SENSITIVE_UNION,
     "trade union*|labor union*|labour union*|union member*|union|strike fund|works council|"
     "gewerkschaft*|betriebsrat*|streikkasse|syndicat*|syndical*|greve|sindicat*|sindical*|huelga"},
    {SOTTO_SENSITIVE_SEXUALITY,
     "lgbt*|gay|lesbian*|bisexual*|transgender*|queer|erotic*|sex toy*|sex|sexual*|lingerie fetish|"
     "porn*|adult only|vibrator*|personal lubricant*|dating*|pride "
     "flag*|*erotik*|schwul*|lesbisch*|"
     "sexspielzeug*|erotique*|lesbien*|homosexuel*|erotic*|erotica|lesbiana*|juguete sexual|"
     "citas para adultos"},
    {SOTTO_SENSITIVE_ETHNICITY,
     "ethnic*|afro hair|afro|racial*|ancestry*|roma people|indigenous*|native american*|"
     "hair relaxer*|skin whitening|skin lightening|ethnisch*|ethnique*|origine ethnique|"
     "etnic*|etnia|indigena*"},
    {SOTTO_SENSITIVE_BIOMETRICS,
     "biometr*|fingerprint*|face recognition|facial recognition|face scan*|iris scan*|voiceprint*|"
     "dna test*|dna kit*|genetic test*|fingerabdruck*|gesichtserkennung|gentest*|"
     "empreinte digitale|empreintes digitales|reconnaissance faciale|test adn|"
     "huella dactilar|huellas dactilares|reconocimiento facial|prueba de adn"},
    {SOTTO_SENSITIVE_CHILDREN,
     "baby|babies|infant*|toddler*|newborn*|nursery|diaper*|nappy|nappies|stroller*|pram|prams|"
     "breast pump*|baby food|formula milk|pacifier*|children*|kids|kids wear|school uniform*|"
     "sauglin*|windel*|kinderwagen*|kinder|schnuller*|stillkissen*|babynahrung|"
     "bebe*|nourrisson*|couche|couches|poussette*|enfant*|tetine*|"
     "panal|panales|cochecito*|nino|ninos|infantil*|chupete*"},
    {SOTTO_SENSITIVE_MONEY_TROUBLE,
     "debt*|payday*|loan shark*|bankrupt*|insolven*|overdraft*|pawn|pawn shop*|eviction*|"
     "food bank*|foodbank*|unemploy*|welfare benefit*|bad credit|*schulden*|*pfandleih*|"
     "arbeitslos*|sozialhilfe|tafel lebensmittel|dette*|surendett*|chomage|"
     "mont de piete|banque alimentaire|deuda*|bancarrota|desemple*|casa de empeno|"
     "banco de alimentos"},
    {SOTTO_SENSITIVE_ADDICTION,
     "alcohol*|beer|beers|wine|wines|liquor*|spirits|whisky*|whiskey*|vodka*|gin|rum|brandy|"
     "champagne*|"
     "tobacco*|cigar*|cigarette*|nicotine*|vape*|vaping|e cigarette*|gambl*|casino*|betting|bet|"
     "lotter*|scratch card*|slot machine*|poker|addict*|rehab*|alkohol*|bier|biere|*wein|*weine|"
     "wodka*|spirituosen|schnaps|sekt|tabak*|zigar*|zigarette*|gluckspiel*|glucksspiel*|wetten|"
     "lotto*|suchtberatung*|suchthilfe*|alcool*|vin|vins|bieres|spiritueux|tabac*|"
     "jeux d argent|loterie*|pari sportif|paris sportifs|addiction*|cerveza*|vino|vinos|licor*|"
     "tabaco*|cigarrillo*|apuesta*|juego de azar|juegos de azar|loteria*|adiccion*"},
    {SOTTO_SENSITIVE_LOCATION,
     "gps track*|home address*|geolocation*|precise location|your location|women s shelter|"
     "standortverlauf|genauer standort|wohnadresse|frauenhaus|geolocalisation|adresse du domicile|"
     "geolocalizacion|domicilio"},
    {SOTTO_SENSITIVE_IMMIGRATION,
     "immigra*|asylum*|refugee*|work visa*|residence "
     "permit*|naturalisation|naturalization|citizenship*|"
     "green card|einwander*|asyl*|fluchtling*|aufenthaltserlaubnis|aufenthaltstitel|"
     "einburgerung*|migrant*|refugie*|titre de sejour|droit d asile|inmigra*|asilo|"
     "refugiad*|permiso de residencia"},
    {SOTTO_SENSITIVE_CRIMINAL,
     "criminal record*|criminal defen*|bail bond*|bail hearing*|prison*|parole*|probation*|drug "
     "test*|"
     "ankle monitor|expunge*|vorstrafe*|fuhrungszeugnis|gefangnis*|bewahrungshilfe|strafverteidig*|"
     "casier judiciaire|prison*|detenu*|antecedentes penales|carcel*|libertad condicional"},
    {SOTTO_SENSITIVE_NEURAL,
     "neural*|eeg|brainwave*|brain computer|brain sensing|neurofeedback|gehirnwellen|hirnstrom*|"
     "ondes cerebrales|interface neuronale|ondas cerebrales|interfaz neuronal"},
};

/* Words that reveal a kind only when they come together in one item. */
static const struct {
    uint32_t kind;
    const char *one, *other;
} pairs[] = {
    {SOTTO_SENSITIVE_HEALTH | SOTTO_SENSITIVE_SEXUALITY | SOTTO_SENSITIVE_CHILDREN,
     "pregnancy test*|schwangerschaftstest*|test de grossesse|prueba de embarazo|test de embarazo",
     "age|aged|ages|teen*|under 18|minor*|alter|jugendlich*|unter 18|adolescent*|mineur*|moins de "
     "18|edad|"
     "adolescente*|menor*"},
    {SOTTO_SENSITIVE_HEALTH | SOTTO_SENSITIVE_CHILDREN,
     "unscented lotion*|unscented|parfumfrei*|sans parfum|sin perfume",
     "folic*|zinc|magnesium|cotton wool|folsaure*|zink|acide folique|acido folico"},
    {SOTTO_SENSITIVE_HEALTH, "scarf*|wig*|perucke*|perruque*|peluca*",
     "hair loss|haarausfall|"
     "chute de cheveux|caida del cabello"},
    {SOTTO_SENSITIVE_HEALTH, "clinic*|klinik*|clinique*|clinica*",
     "map*|route*|appointment*|termin*|"
     "rendez vous|cita"},
    {SOTTO_SENSITIVE_LOCATION, "map|maps|route|routes|karte|carte|mapa",
     "home|zuhause|domicile|casa|shelter|frauenhaus|refuge|refugio"},
    {SOTTO_SENSITIVE_IMMIGRATION, "lawyer*|attorney*|anwalt*|avocat*|abogad*",
     "visa|border|deport*|abschieb*|visum|frontiere*|frontera*|expulsion"},
    {SOTTO_SENSITIVE_CRIMINAL, "lawyer*|attorney*|anwalt*|avocat*|abogad*",
     "arrest*|theft|court date|diebstahl|festnahme|vol a l etalage|hurto|detencion"},
    {SOTTO_SENSITIVE_IMMIGRATION, "language course*|sprachkurs*|cours de langue*|curso de idioma*",
     "residence*|integration*|aufenthalt*|sejour|residencia"},
    {SOTTO_SENSITIVE_ETHNICITY | SOTTO_SENSITIVE_BIOMETRICS, "dna|dns|adn|saliva|speichel|salive",
     "family tree*|origin*|stammbaum|abstammung|arbre genealogique|origen*"},
    {SOTTO_SENSITIVE_SEXUALITY, "rainbow*|regenbogen*|arc en ciel|arcoiris",
     "pride|csd|fierte|orgullo"},
    {SOTTO_SENSITIVE_RELIGION, "fasting|fasten|ayuno",
     "dates|datteln|lenten|fastenzeit|dattes|"
     "careme|datiles|cuaresma"},
    {SOTTO_SENSITIVE_MONEY_TROUBLE, "loan*|kredit*|pret|prets|prestamo*",
     "instant*|no check*|urgent*|sofort*|ohne schufa|sans justificatif|rapido*|sin nomina"},
    {SOTTO_SENSITIVE_ADDICTION, "chip*|jeton*|ficha*", "roulette|blackjack|baccarat"},
    {SOTTO_SENSITIVE_NEURAL, "headband*|headset*|stirnband*|bandeau|diadema*",
     "focus score|attention score|meditation "
     "score|konzentrationswert|brain|gehirn|cerveau|cerebro"},
    {SOTTO_SENSITIVE_POLITICS, "badge*|sticker*|flag*|fahne*|drapeau*|bandera*",
     "vote*|candidate*|kandidat*|wahl|candidat*|voto"},
    {SOTTO_SENSITIVE_UNION,
     "vest*|whistle*|weste*|trillerpfeife*|gilet*|sifflet*|chaleco*|silbato*",
     "strike|streik|greve|huelga"},
};

/* A tag is ordinary if every word of it is here; the first are only between others. */
static const char ordinary[] =
    "and|for|of|the|with|und|fur|mit|et|pour|de|la|le|les|des|y|para|con|el|los|"
    "grocer*|food*|snack*|bakery|bread*|dairy|milk|cheese*|meat*|fish|seafood|fruit*|vegetable*|"
    "frozen*|drink*|beverage*|soft drink*|juice*|water|coffee*|tea|teas|breakfast|cereal*|sweets|"
    "candy|chocolate*|spices|pasta|rice|household*|cleaning*|laundry|paper goods|kitchen*|"
    "cookware|tableware|furniture|decor*|garden*|plant*|flower*|tool*|hardware|electronic*|"
    "computer*|phone*|audio|camera*|television*|clothing|clothes|shoe*|accessor*|jewel*|watches|"
    "bag|bags|luggage|sport*|outdoor*|fitness|bike*|camping|book*|magazine*|music|film*|movie*|"
    "series|drama*|comed*|documentar*|news|thriller*|crime fiction|true crime|science fiction|"
    "fantasy|animation|nature|travel*|history|art|craft*|hobby|board games|card games|pet*|cat "
    "food|"
    "dog food|car parts|automotive|stationery|office*|gift*|seasonal|sale|new|other|general|"
    "lebensmittel|backwaren|brot|milch*|kase|fleisch|fisch|obst|gemuse|tiefkuhl*|getrank*|saft|"
    "wasser|kaffee|tee|susswaren|schokolade|haushalt|reinigung|kuche|mobel|garten|pflanze*|"
    "blumen|werkzeug|elektronik|kleidung|schuhe|schmuck|taschen|fahrrad|bucher|zeitschrift*|musik|"
    "filme|serien|nachrichten|reisen|tiernahrung|geschenk*|sonstiges|"
    "epicerie|boulangerie|pain|lait|fromage*|viande*|poisson|fruits|legume*|surgele*|boisson*|jus|"
    "eau|cafe|confiserie|chocolat*|menage|cuisine|meuble*|jardin*|plante*|fleur*|outil*|"
    "electronique|vetement*|chaussure*|bijoux|sacs|velo*|livre*|musique|cinema|actualites|voyage*|"
    "cadeau*|autre*|"
    "alimentacion|panaderia|pan|leche|queso*|carne*|pescado|fruta*|verdura*|congelado*|bebida*|"
    "zumo*|agua|dulces|hogar|limpieza|cocina|mueble*|planta*|flores|herramienta*|electronica|"
    "ropa|zapato*|joyas|bolsos|deporte*|bicicleta*|libro*|musica|peliculas|noticias|viaje*|"
    "regalo*|otros";

/* ---- Folding and matching ------------------------------------------------------------------ */

/* The ASCII letters of a two-byte UTF-8 letter, Latin-1 and a few more; " " for all others. */
static const char *folded(unsigned char lead, unsigned char trail) {
    static const char *const latin1[32] = {"a", "a", "a", "a", "a", "a", "ae", "c", "e",  "e", "e",
                                           "e", "i", "i", "i", "i", "d", "n",  "o", "o",  "o", "o",
                                           "o", " ", "o", "u", "u", "u", "u",  "y", "th", "ss"};
    if (lead == 0xC3) return latin1[trail & 0x1F];
    if (lead == 0xC5 && (trail == 0x92 || trail == 0x93)) return "oe";
    return " ";
}

static void put(char *out, size_t *n, char c) {
    if (c != ' ' || out[*n - 1] != ' ') out[(*n)++] = c;
}

/* " lower case words "; NULL without memory. Free it. */
static char *fold(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    char *out = malloc(2 * strlen(text) + 3);
    size_t n = 1;
    if (!out) return NULL;
    out[0] = ' ';
    while (*s) {
        if (*s >= 0xC0 && s[1]) {
            for (const char *f = folded(s[0], s[1]); *f; f++) put(out, &n, *f);
            for (s++; (*s & 0xC0) == 0x80;) s++;
            continue;
        }
        unsigned char c = *s++;
        if (c >= 'A' && c <= 'Z') c |= 32;
        put(out, &n, (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '|' ? (char)c : ' ');
    }
    put(out, &n, ' ');
    out[n] = '\0';
    return out;
}

/* Where a pattern of `n` bytes first is in a folded text; *length is what it covers. */
static char *find(char *text, const char *pattern, size_t n, size_t *length) {
    int is_inside = n > 0 && pattern[0] == '*', is_prefix = n > 0 && pattern[n - 1] == '*';
    if (is_inside) pattern++, n--;
    if (is_prefix) n--;
    for (char *at = text; *at; at++) {
        if (strncmp(at, pattern, n) != 0) continue;
        if (!is_inside && (at == text || at[-1] != ' ')) continue;
        if (!is_prefix && at[n] != ' ') continue;
        *length = n + (is_prefix ? strcspn(at + n, " ") : 0);
        return at;
    }
    return NULL;
}

/* Whether one of several patterns with | between is in a folded text. */
static int has_one(char *text, const char *patterns) {
    size_t length;
    for (const char *at = patterns; *at;) {
        size_t n = strcspn(at, "|");
        if (find(text, at, n, &length)) return 1;
        at += n + (at[n] == '|');
    }
    return 0;
}

static void blank(char *text, const char *pattern, size_t n) {
    size_t length;
    char *at;
    while ((at = find(text, pattern, n, &length))) memset(at, '-', length);
}

static void remove_lookalikes(char *text) {
    for (size_t i = 0; i < ARRAY_LEN(lookalikes); i++)
        blank(text, lookalikes[i], strlen(lookalikes[i]));
}

static uint32_t kinds_of(char *text) {
    uint32_t kinds = 0;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (has_one(text, marks[i].words)) kinds |= marks[i].kind;
    return kinds;
}

uint32_t sensitive_of_text(const char *text) {
    char *words = fold(text);
    if (!words) return SENSITIVE_ALL;
    remove_lookalikes(words);
    uint32_t kinds = kinds_of(words);
    free(words);
    return kinds;
}

int sensitive_is_ordinary(const char *tag) {
    char *words = fold(tag);
    if (!words) return 0;
    for (const char *at = ordinary; *at;) {
        size_t n = strcspn(at, "|");
        blank(words, at, n);
        at += n + (at[n] == '|');
    }
    int is = words[strspn(words, " -|")] == '\0' && strchr(words, '-');
    free(words);
    return is;
}

uint32_t sensitive_of_tags(const char *const *tags, size_t n_tags, const char *const *titles,
                           size_t n_titles, const char **unclassified) {
    uint32_t kinds = 0;
    size_t cap = 1, n = 0;
    if (unclassified) *unclassified = NULL;
    for (size_t i = 0; i < n_tags + n_titles; i++)
        cap += strlen(i < n_tags ? tags[i] : titles[i - n_tags]) + 3;
    char *all = malloc(cap);
    if (!all) return SENSITIVE_ALL;
    for (size_t i = 0; i < n_tags + n_titles; i++) {
        const char *text = i < n_tags ? tags[i] : titles[i - n_tags];
        uint32_t own = sensitive_of_text(text);
        kinds |= own;
        if (i < n_tags && own == 0 && !sensitive_is_ordinary(text)) {
            if (unclassified && !*unclassified) *unclassified = text;
            kinds |= SOTTO_SENSITIVE_UNCLASSIFIED;
        }
        /* Between two texts a bar, which fold keeps, so that no phrase spans them. */
        size_t length = strlen(text);
        memcpy(all + n, text, length);
        n += length;
        memcpy(all + n, " | ", 3);
        n += 3;
    }
    all[n] = '\0';
    char *words = fold(all);
    free(all);
    if (!words) return SENSITIVE_ALL;
    remove_lookalikes(words);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (has_one(words, pairs[i].one) && has_one(words, pairs[i].other)) kinds |= pairs[i].kind;
    free(words);
    return kinds;
}
