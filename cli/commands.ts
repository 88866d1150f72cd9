import type { Command } from './command.ts';

/** A command that is loaded when it is called: most of the time that a short one takes is the loading of others. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'run the server',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'publish',
    summary: 'publish test cases and containers from a Git repository',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  {
    name: 'ls',
    summary: 'list families, versions of a family, or files of a version',
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  {
    name: 'show',
    summary: 'tell everything that is known of a version',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'cat',
    summary: 'write a file of a version to standard output',
    load: async () => (await import('./commands/cat.ts')).cat,
  },
  {
    name: 'diff',
    summary: 'tell which files differ between two versions',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'log',
    summary: 'tell what happened in a family, or verify the public log',
    load: async () => (await import('./commands/log.ts')).log,
  },
  {
    name: 'resolve',
    summary: 'tell which digest a version, a pin or a family stands for now',
    load: async () => (await import('./commands/resolve.ts')).resolve,
  },
  {
    name: 'pin',
    summary: 'point a name such as stable at a version, or show where names point',
    load: async () => (await import('./commands/pin.ts')).pin,
  },
  {
    name: 'state',
    summary: 'say an erratum of a version, or that it is retired',
    load: async () => (await import('./commands/state.ts')).state,
  },
  {
    name: 'pull',
    summary: 'make a directory that is a version, checked byte by byte',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'lock',
    summary: 'write down which digests versions and pins are now',
    load: async () => (await import('./commands/lock.ts')).lock,
  },
  {
    name: 'verify',
    summary: 'compare a directory with the version that it was pulled from',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'submit',
    summary: 'publish a run with its review, and what belongs to it',
    load: async () => (await import('./commands/submit.ts')).submit,
  },
  {
    name: 'runs',
    summary: 'list published runs, the newest first',
    load: async () => (await import('./commands/runs.ts')).runs,
  },
  {
    name: 'run',
    summary: 'tell everything that is known of a run',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'review',
    summary: 'judge a run, or edit a review',
    load: async () => (await import('./commands/review.ts')).review,
  },
  {
    name: 'amend',
    summary: 'correct the record of a run',
    load: async () => (await import('./commands/amend.ts')).amend,
  },
  {
    name: 'retract',
    summary: 'say that a run is not to be relied on',
    load: async () => (await import('./commands/retract.ts')).retract,
  },
  {
    name: 'erase',
    summary: 'delete what a run consists of, where the law asks for it',
    load: async () => (await import('./commands/erase.ts')).erase,
  },
  {
    name: 'publication',
    summary: 'tell how publication stands, or publish at once',
    load: async () => (await import('./commands/publication.ts')).publication,
  },
  {
    name: 'rules',
    summary: 'show or declare which tags of a repository never move',
    load: async () => (await import('./commands/rules.ts')).rules,
  },
  {
    name: 'quota',
    summary: 'show or set how much a family may hold',
    load: async () => (await import('./commands/quota.ts')).quota,
  },
  {
    name: 'retain',
    summary: 'remove versions by rule, once it was looked at what would go',
    load: async () => (await import('./commands/retain.ts')).retain,
  },
  {
    name: 'audit',
    summary: 'list who changed what, the newest first',
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  {
    name: 'snapshot',
    summary: 'render what is published as files, verify them, or compare two',
    load: async () => (await import('./commands/snapshot.ts')).snapshot,
  },
  {
    name: 'gc',
    summary: 'remove what nothing names any more',
    load: async () => (await import('./commands/gc.ts')).gc,
  },
  {
    name: 'fsck',
    summary: 'check every digest, and every key that names one',
    load: async () => (await import('./commands/fsck.ts')).fsck,
  },
  {
    name: 'copy',
    summary: 'copy a store to other engines, or to another place',
    load: async () => (await import('./commands/copy.ts')).copy,
  },
  {
    name: 'backup',
    summary: 'back a store up while it is served; list and verify backups',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'make an empty store what a backup has',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    name: 'doctor',
    summary: 'look at all that a server needs, and say what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'version',
    summary: 'print which version this is',
    load: async () => (await import('./commands/version.ts')).version,
  },
];
