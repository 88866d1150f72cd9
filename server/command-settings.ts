/** What commands that speak to a server read from the environment, beside the settings of the server. */
export const COMMAND_SETTINGS = {
  url: {
    env: 'ASSAY_URL',
    flag: '--url',
    placeholder: '<url>',
    fallback: 'http://127.0.0.1:7410',
    help: 'the server',
  },
  cache: {
    env: 'ASSAY_CACHE',
    flag: '--cache',
    placeholder: '<dir>',
    fallback: '~/.cache/assay',
    help: 'what was fetched before',
  },
  actor: {
    env: 'ASSAY_ACTOR',
    flag: undefined,
    placeholder: '<name>',
    fallback: 'user and machine',
    help: 'who works with a command, for the server to note beside what is written',
  },
} as const;
