import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { isInstalled } from './installed.ts';
import { runProgram } from './run-program.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** The least of a Ceph cluster: one monitor and one store in memory, both on loopback, without keys. It is up in a second. */
export class CephCluster {
  #folder: Awaited<ReturnType<typeof makeTemporaryFolder>> | undefined;
  readonly #daemons: ChildProcess[] = [];

  async start(): Promise<void> {
    this.#folder = await makeTemporaryFolder();
    for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(this.path(name));
    const id = randomUUID();
    const port = await freePort();
    await writeFile(this.path('ceph.conf'), configuration(this.path(''), id, port));
    await this.run('monmaptool', ['--create', '--fsid', id, '--addv', 'a', `[v2:127.0.0.1:${port}]`, this.path('map')]);
    await this.run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', this.path('map')]);
    this.daemon('ceph-mon', ['-i', 'a']);
    const osd = randomUUID();
    await this.run('ceph', ['--connect-timeout', '30', 'osd', 'new', osd]);
    await this.run('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', osd]);
    this.daemon('ceph-osd', ['-i', '0']);
  }

  path(name: string): string {
    return join(this.#folder?.path ?? '/nowhere', name);
  }

  /** Runs one of Ceph's programs to its end. */
  async run(program: string, args: readonly string[]): Promise<string> {
    return (await runProgram(program, ['--conf', this.path('ceph.conf'), ...args])).stdout;
  }

  /** Starts one of Ceph's servers, which ends with the cluster at the latest. */
  daemon(program: string, args: readonly string[]): ChildProcess {
    const command = [program, '--conf', this.path('ceph.conf'), '-f', ...args];
    // They hold much memory: they go, too, when the process of the tests is killed.
    const mortal = isInstalled('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command;
    const child = spawn(mortal[0] ?? program, mortal.slice(1), { stdio: 'ignore' });
    child.on('error', () => {});
    this.#daemons.push(child);
    return child;
  }

  async close(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => kill(daemon)));
    await this.#folder?.remove();
  }
}

/** Nothing of it is to be kept, so nobody waits for it to say farewell. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

function configuration(folder: string, id: string, port: number): string {
  return `[global]
fsid = ${id}
mon_host = v2:127.0.0.1:${port}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
${['cluster', 'service', 'client', 'mon_cluster', 'mon_service', 'mon_client'].map((who) => `ms_${who}_mode = crc`).join('\n')}
run_dir = ${join(folder, 'run')}
admin_socket =
pid_file =
log_file = ${folder}/$name.log
mon_allow_pool_size_one = true
mon_data_avail_crit = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
# A monitor alone has nobody to wait for; by default it gathers changes for a second, and there are ten to make.
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
[mon.a]
mon_data = ${join(folder, 'mon')}
[osd.0]
osd_data = ${join(folder, 'osd')}
osd_objectstore = memstore
memstore_device_bytes = ${2 * 1024 ** 3}
osd_op_num_shards = 2
[client.rgw]
rgw_data = ${join(folder, 'rgw')}
rgw_thread_pool_size = 64
rgw_run_sync_thread = false
# What is overwritten or deleted frees its memory soon, and yet not under a reader.
rgw_gc_max_objs = 4
rgw_gc_obj_min_wait = 30
rgw_gc_processor_period = 10
rgw_gc_processor_max_time = 10
`;
}
