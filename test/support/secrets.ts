/** Made up of parts, so that nobody's scanner takes this file for a leak. */
export const LETTERS = 'a1B2c3D4e5F6g7H8';
const KEY = [
  '-----BEGIN OPENSSH PRIVATE',
  'KEY-----\nb3BlbnNzaC1rZXk\nAAAA/+==\n-----END OPENSSH PRIVATE',
  'KEY-----',
].join(' ');

/** By kind, those that are a secret from the first letter to the last. */
export const SECRETS: Readonly<Record<string, readonly string[]>> = {
  'private-key': [KEY, KEY.replaceAll('\n', String.raw`\n`), KEY.slice(0, 60), KEY.replaceAll('OPENSSH ', '')],
  'anthropic-key': [`sk-ant-api03-${LETTERS}${LETTERS}-_${LETTERS}AA`],
  'openai-key': [`sk-proj-${LETTERS}${LETTERS}`, `sk-${LETTERS}${LETTERS}${LETTERS}`],
  'stripe-key': [`sk_live_${LETTERS}${LETTERS}`, `rk_test_${LETTERS}`, `whsec_${LETTERS}${LETTERS}`],
  'github-token': [
    `ghp_${LETTERS}${LETTERS}abcd`,
    `ghs_${LETTERS}${LETTERS}abcd`,
    `github_pat_${LETTERS}${LETTERS}_${LETTERS}`,
  ],
  'gitlab-token': [`glpat-${LETTERS}_${LETTERS}`],
  'aws-key-id': ['AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE'],
  'google-key': [`AIza${LETTERS}${LETTERS}abc`],
  'google-token': [`ya29.${LETTERS}${LETTERS}`],
  'google-secret': [`GOCSPX-${LETTERS}${LETTERS}`],
  'slack-token': [`xoxb-1234567890-${LETTERS}`, `xapp-1-${LETTERS}`],
  'slack-hook': [`hooks.slack.com/services/T000/B000/${LETTERS}`],
  'discord-hook': [`discord.com/api/webhooks/12345/${LETTERS}`],
  'npm-token': [`npm_${LETTERS}${LETTERS}abcd`],
  'pypi-token': [`pypi-AgEIcHlwaS5vcmc${LETTERS}${LETTERS}`],
  'huggingface-token': [`hf_${LETTERS}${LETTERS}ab`],
  'sendgrid-key': [`SG.${LETTERS}abcdef.${LETTERS}${LETTERS}abcdefghijk`],
  'digitalocean-token': [`dop_v1_${'0123456789abcdef'.repeat(4)}`],
  'docker-token': [`dckr_pat_${LETTERS}abcdefgh`],
  'groq-key': [`gsk_${LETTERS}${LETTERS}${LETTERS}`],
  'xai-key': [`xai-${LETTERS}${LETTERS}${LETTERS}`],
  'perplexity-key': [`pplx-${LETTERS}${LETTERS}${LETTERS}`],
  'replicate-token': [`r8_${LETTERS}${LETTERS}abcde`],
  'databricks-token': [`dapi${'0123456789abcdef'.repeat(2)}`],
  'linear-key': [`lin_api_${LETTERS}${LETTERS}`],
  'shopify-token': [`shpat_${'0123456789abcdef'.repeat(2)}`],
  'tailscale-key': [`tskey-auth-${LETTERS}-${LETTERS}`],
  'atlassian-token': [`ATATT3x${LETTERS}${LETTERS}${LETTERS}${LETTERS}`],
  'age-key': [`AGE-SECRET-KEY-1${'QPZRY9X8GF2TVDW0S3JN54KHCE'.repeat(2)}`],
  jwt: [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${LETTERS}`, 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.'],
};

/** By kind, those that are told by what stands before them. */
export const NAMED_SECRETS: Readonly<Record<string, string>> = {
  'password-in-url': 'https://ann:s3cret@git.example/x',
  authorization: `Authorization: Bearer ${LETTERS}`,
  assignment: `export MY_SERVICE_TOKEN=${LETTERS}`,
  'azure-key': `AccountKey=${LETTERS}${LETTERS}${LETTERS}==;`,
};

/** Each kind once, in a sentence. */
export const SENTENCES: readonly (readonly [kind: string, text: string])[] = [
  ...Object.entries(SECRETS).map(([kind, [secret = '']]) => [kind, `It ran with ${secret} and should not.`] as const),
  ...Object.entries(NAMED_SECRETS).map(([kind, text]) => [kind, `It ran with ${text} and should not.`] as const),
];
