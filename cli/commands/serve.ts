import { serve as runServer } from '../../server/serve.ts';
import { refuseWords, type Command } from '../command.ts';
import { configFrom, EVERY_SETTING, settingOptions } from '../setting-options.ts';

export const serve: Command = {
  usage: 'assay serve [options]',
  description: `
Runs the registry until SIGTERM or SIGINT, then finishes what is under way and
ends; a second signal ends at once. Prints the address when it listens.

Every option can be set in the environment instead, under the name in brackets.

  assay serve --data /srv/assay
  assay serve --processes 4
  assay serve --host 0.0.0.0 --trust network
  skopeo copy --dest-tls-verify=false oci:image docker://127.0.0.1:7410/my/image:v1`,
  options: settingOptions(EVERY_SETTING),
  async run(values, positionals) {
    refuseWords(positionals);
    const config = configFrom(values);
    return runServer(config, (line) => process.stdout.write(`${line}\n`));
  },
};
