/* What a hive is, and what of it is not told. */
#include "format/regf_hive.h"

/* ---- which hive ---- */

/* Keys that must be there, below the root; the first row that fits. */
static const struct { regf_kind kind; const char *keys[2]; } marks[] = {
    { REGF_SYSTEM, { "Select", "ControlSet001" } },
    { REGF_SYSTEM, { "Select", "ControlSet002" } },
    { REGF_SAM, { "SAM\\Domains", "SAM\\Domains\\Account" } },
    { REGF_SECURITY, { "Policy", "Policy\\PolRevision" } },
    { REGF_SECURITY, { "Policy", "Policy\\Accounts" } },
    { REGF_USER, { "Software\\Microsoft", "Control Panel" } },
    { REGF_USER, { "Software\\Microsoft", "Environment" } },
    { REGF_USER, { "Software", "Keyboard Layout" } },
    { REGF_USER, { "Software\\Microsoft\\Windows\\CurrentVersion", "Software" } },
    { REGF_SOFTWARE, { "Microsoft\\Windows NT\\CurrentVersion", "Classes" } },
    { REGF_SOFTWARE, { "Microsoft\\Windows NT\\CurrentVersion", "Microsoft\\Windows\\CurrentVersion" } },
    { REGF_AMCACHE, { "Root\\File", "Root" } },
    { REGF_AMCACHE, { "Root\\InventoryApplicationFile", "Root" } },
    { REGF_AMCACHE, { "Root\\Programs", "Root" } },
    { REGF_BCD, { "Objects", "Description" } },
    { REGF_COMPONENTS, { "CanonicalData", "DerivedData" } },
    { REGF_COMPONENTS, { "ServicingStackVersions", "CanonicalData" } },
    { REGF_DRIVERS, { "DriverDatabase", "DriverDatabase\\DriverPackages" } },
    { REGF_CLASSES, { "Local Settings", "Local Settings\\Software\\Microsoft" } },
    { REGF_CLASSES, { "Local Settings", "CLSID" } },
    { REGF_CLASSES, { "CLSID", "Interface" } },
    { REGF_CLASSES, { "Local Settings", "VirtualStore" } },
};

regf_kind regf_which(const regf *h)
{
    return h->kind;
}

regf_kind regf_find_kind(const regf *h)
{
    regf_key root = regf_root(h), key;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (regf_find(h, &root, marks[i].keys[0], &key) && regf_find(h, &root, marks[i].keys[1], &key))
            return marks[i].kind;
    return REGF_OTHER;
}

const char *regf_kind_word(regf_kind k)
{
    static const char *const words[] = {
        [REGF_OTHER] = "other", [REGF_SYSTEM] = "SYSTEM", [REGF_SOFTWARE] = "SOFTWARE", [REGF_SAM] = "SAM", [REGF_SECURITY] = "SECURITY",
        [REGF_USER] = "NTUSER", [REGF_CLASSES] = "UsrClass", [REGF_AMCACHE] = "Amcache", [REGF_BCD] = "BCD",
        [REGF_COMPONENTS] = "COMPONENTS", [REGF_DRIVERS] = "DRIVERS",
    };
    return words[k];
}

/* ---- what is withheld ---- */

static bool key_is(const regf_key *key, const char *ascii)
{
    return regf_name_is(key->name, key->latin, ascii);
}

static bool one_of(span name, bool latin, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (regf_name_is(name, latin, names[i]))
            return true;
    return false;
}

static bool is_boot_key(const regf_key *parent, const regf_key *key)
{
    static const char *const names[] = { "JD", "Skew1", "GBG", "Data" };
    enum { PART = 16 };              /* bytes of the class name that is a part of it */
    return one_of(key->name, key->latin, names, sizeof names / sizeof *names)
        && (parent->cell == REGF_NONE ? key->class_len == PART : key_is(parent, "Lsa"));
}

/* LSA's secrets lie below Policy\Secrets, also when a hive begins with either of the two; what encrypts them, beside; and parts
 * of the key to that below Lsa. Below AuthCookies lie cookies that stand for a Microsoft account. */
bool regf_secret_branch(const regf_key *parent, bool parent_is_root, const regf_key *key)
{
    static const char *const names[] = { "CurrVal", "OldVal", "PolEKList", "PolSecretEncryptionKey", "AuthCookies" };
    return (key_is(key, "Secrets") && (parent->cell == REGF_NONE || parent_is_root || key_is(parent, "Policy")))
        || one_of(key->name, key->latin, names, sizeof names / sizeof *names) || is_boot_key(parent, key);
}

static bool name_has(const regf_value *v, const char *ascii)
{
    size_t step = v->latin ? 1 : 2, len = strlen(ascii) * step;
    for (size_t at = 0; at + len <= v->name.len; at += step)
        if (regf_name_is(span_part(v->name, at, len), v->latin, ascii))
            return true;
    return false;
}

static bool is_rid(const regf_key *key)
{
    if (key->name.len != (key->latin ? 8 : 16))
        return false;
    for (size_t i = 0; i < 8; i++) {
        uint32_t c = (key->latin ? key->name.at[i] : le16(key->name.at + 2 * i)) | 0x20u;
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

enum { SECRETS_DEPTH = 16 };         /* they lie less deep below the root, wherever a hive begins */

/* A deleted key: whether it hung on secrets, as far as its parents are still there; when they are not, in these hives it may
 * have. */
static bool was_secret(const regf *h, const regf_key *key)
{
    const regf_key nothing = { .cell = REGF_NONE };
    regf_key at = *key, parent = { .node = REGF_NONE };
    for (unsigned depth = 0; depth < SECRETS_DEPTH; depth++) {
        if (at.node < h->key_count)
            return h->keys[at.node] & REGF_SECRET;
        bool known = regf_parent(h, &at, &parent);
        if (regf_secret_branch(known ? &parent : &nothing, parent.node == 0, &at))
            return true;
        if (!known)
            break;
        at = parent;
    }
    regf_kind kind = regf_which(h);
    return kind == REGF_SAM || kind == REGF_SECURITY;
}

static bool is_account(const regf *h, const regf_key *key)
{
    regf_key parent;
    return key_is(key, "Account") || key->node == 0 || !regf_parent(h, key, &parent) || key_is(&parent, "Domains");
}

/* What programs save under such a name. A name that is a path or a resource names what is shown of a password, and what is not
 * longer than one letter is a setting. */
static bool is_saved_password(const regf_value *v)
{
    bool number = v->type == REGF_DWORD || v->type == REGF_QWORD || v->type == REGF_DWORD_BE;
    return !number && v->size > 4 && v->name.len >= 8 && v->name.at[0] != '@' && name_has(v, "password") && !name_has(v, "\\");
}

static uint32_t letter_at(const regf_value *v, size_t nth)
{
    return v->latin ? v->name.at[nth] : le16(v->name.at + 2 * nth);
}

/* What stands for a password towards a service: a name that ends in such a word, whatever number comes behind. "Tokens" counts
 * things, "Cookies" is a folder, and what a Run key names is a command. */
static bool is_saved_token(const regf_key *key, const regf_value *v)
{
    static const char *const words[] = { "token", "apikey", "api key", "api_key", "api-key", "cookie", "secret", "credential" };
    static const char *const commands[] = { "Run", "RunOnce", "RunOnceEx", "RunServices", "RunServicesOnce" };
    bool number = v->type == REGF_DWORD || v->type == REGF_QWORD || v->type == REGF_DWORD_BE;
    size_t step = v->latin ? 1 : 2, letters = v->name.len / step;
    while (letters && letter_at(v, letters - 1) >= '0' && letter_at(v, letters - 1) <= '9')
        letters--;
    if (number || v->size <= 4 || letters == 0 || v->name.at[0] == '@' || name_has(v, "\\") || one_of(key->name, key->latin, commands, sizeof commands / sizeof *commands))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        if (len <= letters && regf_name_is(span_part(v->name, (letters - len) * step, len * step), v->latin, words[i]))
            return true;
    }
    return false;
}

/* Whoever knows the name of a community may ask, and with some of them set, what he likes. */
bool regf_names_withheld(const regf_key *key)
{
    return key->name.len == (key->latin ? 16 : 32) && key_is(key, "ValidCommunities");
}

bool regf_withheld(const regf *h, const regf_key *key, const regf_value *v)
{
    static const char *const names[] = { "SupplementalCredentials", "ResetData" };
    regf_key parent = { .cell = REGF_NONE };
    if (!v) {
        regf_parent(h, key, &parent);
        return is_boot_key(&parent, key);
    }
    bool live = key->node < h->key_count;
    if (live && h->keys[key->node] & REGF_SECRET)
        return true;
    size_t letters = v->latin ? v->name.len : v->name.len / 2;
    if (letters == 1 && regf_name_is(v->name, v->latin, "V"))
        return is_rid(key) || !live;
    if (letters == 1 && regf_name_is(v->name, v->latin, "F"))
        return is_account(h, key);
    if (letters >= 4 && regf_name_is(span_part(v->name, 0, v->latin ? 3 : 6), v->latin, "NL$"))
        return true;
    return one_of(v->name, v->latin, names, sizeof names / sizeof *names) || is_saved_password(v) || is_saved_token(key, v)
        || (!live && was_secret(h, key));
}
