/** One kind of secret, by the form that its makers gave it. */
export interface SecretPattern {
  readonly kind: string;
  /** Every occurrence holds one of these, letter by letter: text that holds none is not searched. */
  readonly signs: readonly string[];
  /**
   * Global. Its time must grow with the text and no faster: no two of its starts read the same long stretch (a
   * look-behind or a bound sees to it), and every repetition is of one class, which takes all it can and gives nothing
   * back in vain. Of white space, classes that leave something out name the ASCII kinds alone: files are read as
   * Latin-1, and `\s` would cut an `à` of UTF-8 in two.
   */
  readonly pattern: RegExp;
}

/**
 * What ends before a token may end in a letter or digit: escapes of JSON and of programs, colours of a terminal as they
 * are and as JSON writes them, and bytes of an address.
 */
const ESCAPE = String.raw`(?<=\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|(?:\x1b|\\u001[bB]|\\x1[bB]|\\033|\\e)\[[0-9;]{0,16}m)`;

/** What stands before or behind a token is none of its letters, or an escape. */
const START = `(?:(?<![A-Za-z0-9])|${ESCAPE})`;
const WORD = '[A-Za-z0-9_-]';

function token(kind: string, signs: string | readonly string[], form: string): SecretPattern {
  return { kind, signs: [signs].flat(), pattern: new RegExp(`${START}${form}${WORD}*`, 'g') };
}

const LOWER_WORDS = [
  'token',
  'secret',
  'password',
  'passwd',
  'api_key',
  'api-key',
  'apikey',
  'access_key',
  'access-key',
];

/** In which names of secrets end. */
const WORDS = [
  ...LOWER_WORDS,
  ...LOWER_WORDS.map((word) => word.toUpperCase()),
  'Token',
  'Secret',
  'Password',
  'Passwd',
  'ApiKey',
  'apiKey',
  'Api-Key',
  'AccessKey',
  'accessKey',
  'Access-Key',
];

/** With what may stand behind them: every record has its `tokens`, and is not searched for that. */
const WORD_SIGNS = WORDS.flatMap((word) => ['=', ':', '"', "'", '\\', ' ', '\t'].map((next) => word + next));

/** Behind the name of a secret, in JSON within JSON as well. */
const NAMED = String.raw`(?:${WORDS.join('|')})\\{0,4}["']?[ \t]{0,4}(?::?=|:)[ \t]{0,4}`;

const LETTER = '[A-Za-z0-9+/_.~=-]';

/** With a digit somewhere: no name of a variable. */
const VALUE = `(?=[A-Za-z+/_.~=-]{0,64}[0-9])${LETTER}{12,}`;

const WHERE_IT_IS = String.raw`~?\.{0,2}/[A-Za-z0-9_.-]{1,64}/`;

const HUMPS = '[a-z_-]{0,48}(?:[A-Z]{1,2}[a-z_-]{1,24}){0,6}';

/** Of what stands without quotes, what is code or a number: calls, members, names like `token2Text`. */
const CODE = [
  String.raw`[A-Za-z_$][A-Za-z0-9_$]{0,64}(?:[(\[]|\.[A-Za-z_$])`,
  String.raw`[0-9.eE+-]{1,40}(?!${LETTER})`,
  `${HUMPS}[0-9]{1,3}${HUMPS}(?!${LETTER})`,
].join('|');

/**
 * Version 2 of what is taken out. A kind that is added or changed makes a new version: a snapshot names the one that
 * it was made with.
 */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  token('anthropic-key', 'sk-ant-', `sk-ant-${WORD}{16}`),
  // With a digit somewhere: sk-learn-for-beginners is no key.
  token('openai-key', 'sk-', `sk-(?=[A-Za-z_-]{0,64}[0-9])${WORD}{20}`),
  token(
    'stripe-key',
    ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    `(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16}`,
  ),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], `gh[pousr]_[A-Za-z0-9]{36}`),
  token('github-token', 'github_pat_', `github_pat_[A-Za-z0-9_]{22}`),
  token('gitlab-token', 'gl', `gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|soat)-${WORD}{20}`),
  token('aws-key-id', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], `(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])`),
  token('google-key', 'AIza', `AIza${WORD}{35}`),
  token('google-token', 'ya29.', `ya29\\.${WORD}{20}`),
  token('google-secret', 'GOCSPX-', `GOCSPX-${WORD}{20}`),
  token('slack-token', 'xox', `xox[abceoprs]-[A-Za-z0-9-]{10}`),
  token('slack-token', 'xapp-', `xapp-[0-9]-[A-Za-z0-9-]{10}`),
  {
    kind: 'slack-hook',
    signs: ['hooks.slack.com'],
    pattern: /hooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Za-z0-9/_-]+/g,
  },
  {
    kind: 'discord-hook',
    signs: ['/api/webhooks/'],
    pattern: /discord(?:app)?\.com\/api\/webhooks\/[0-9]+\/[A-Za-z0-9_-]+/g,
  },
  token('npm-token', 'npm_', `npm_[A-Za-z0-9]{36}`),
  token('pypi-token', 'pypi-', `pypi-AgE${WORD}{40}`),
  token('huggingface-token', 'hf_', `hf_[A-Za-z0-9]{30}`),
  token('sendgrid-key', 'SG.', `SG\\.${WORD}{22}\\.${WORD}{43}`),
  token('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], `do[opr]_v1_[a-f0-9]{64}`),
  token('docker-token', 'dckr_', `dckr_(?:pat|oat)_${WORD}{20}`),
  token('groq-key', 'gsk_', `gsk_[A-Za-z0-9]{40}`),
  token('xai-key', 'xai-', `xai-[A-Za-z0-9]{40}`),
  token('perplexity-key', 'pplx-', `pplx-[A-Za-z0-9]{40}`),
  token('replicate-token', 'r8_', `r8_[A-Za-z0-9]{37}`),
  token('databricks-token', 'dapi', `dapi[a-f0-9]{32}`),
  token('linear-key', 'lin_', `lin_(?:api|oauth)_[A-Za-z0-9]{32}`),
  token('shopify-token', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], `shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}`),
  token('tailscale-key', 'tskey-', `tskey-[a-z]{2,16}-${WORD}{16}`),
  token('atlassian-token', 'ATATT3x', `ATATT3x${WORD}{50}`),
  token('age-key', 'AGE-SECRET-KEY-1', `AGE-SECRET-KEY-1[A-Z0-9]{50}`),
  // A header that says that it is JSON, and a body that is.
  {
    kind: 'jwt',
    signs: ['eyJ'],
    pattern: new RegExp(String.raw`(?:(?<![A-Za-z0-9_-])|${ESCAPE})eyJ${WORD}{8,}\.eyJ${WORD}{8,}(?:\.${WORD}*)*`, 'g'),
  },
  {
    kind: 'authorization',
    signs: ['uthorization', 'UTHORIZATION'],
    pattern:
      /(?<=authorization\\{0,4}["']?\s{0,4}[:=]\s{0,4}\\{0,4}["']?(?:bearer|basic|token) {1,4})[A-Za-z0-9._~+/=-]{8,}/gi,
  },
  // user:password@ in an address, up to the last @ before its path.
  {
    kind: 'password-in-url',
    signs: ['://'],
    pattern: /(?<=:\/\/)[^ \t-\r/?#"'<>`:@]{0,256}:[^ \t-\r/?#"'<>`]{1,256}(?=@)/g,
  },
  {
    kind: 'azure-key',
    signs: ['AccountKey=', 'SharedAccessKey='],
    pattern: /(?<=(?:AccountKey|SharedAccessKey)=)[A-Za-z0-9+/]{40,}=*/g,
  },
  // NAME_OF_A_SECRET=value, as a shell or a dump of an environment has it, with a digit somewhere: no name of a variable.
  {
    kind: 'assignment',
    signs: ['TOKEN', 'SECRET', 'PASSWORD', 'PASSWD', 'API_KEY', 'APIKEY', 'ACCESS_KEY'],
    pattern:
      /(?<=(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY)\\{0,4}["']?[=:] {0,2}\\{0,4}["']?)(?=[A-Za-z+/_.~=-]{0,64}[0-9])[A-Za-z0-9+/_.~=-]{12,}/g,
  },
  // As settings and programs have it: in quotes, or bare where it is no code.
  {
    kind: 'assignment',
    signs: WORD_SIGNS,
    pattern: new RegExp(String.raw`(?<=${NAMED}\\{0,4}["'])(?!${WHERE_IT_IS})${VALUE}`, 'g'),
  },
  {
    kind: 'assignment',
    signs: WORD_SIGNS,
    pattern: new RegExp(`(?<=${NAMED})(?!${WHERE_IT_IS}|${CODE})${VALUE}`, 'g'),
  },
];

/** What is taken out only where it is asked for: it is no secret, but tells of persons. */
export const PERSONAL_PATTERNS: readonly SecretPattern[] = [
  {
    kind: 'email',
    signs: ['@'],
    pattern: /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+\.[A-Za-z0-9._%+-]+/g,
  },
  {
    kind: 'home',
    signs: ['/home/', '/Users/', '\\Users\\'],
    pattern: /(?<=\/home\/|\/Users\/|[A-Za-z]:\\{1,2}Users\\{1,2})(?!\[)[^ \t-\r/\\"'<>:,;]+/g,
  },
];
