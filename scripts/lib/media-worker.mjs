import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebian } from './debian.mjs';
import { CACHE, ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { fail, progress, say } from './say.mjs';

const NAME = 'mediasoup-worker';
const DOWNLOAD_MS = 20_000;
const LIBRARIES = [
  'libssl-dev',
  'libuv1-dev',
  'libsrtp2-dev',
  'libusrsctp-dev',
  'libabsl-dev',
  'nlohmann-json3-dev',
];
const TOOLS = ['g++', 'meson', 'ninja-build', 'pkg-config'];

/**
 * What the worker's build asks of each bundled library, answered with Debian's own. The static
 * libraries are empty: the build insists on something to link whole.
 */
const SUBPROJECTS = {
  openssl: {
    build: `openssl_dep = dependency('openssl')\nlibcrypto_lib = static_library('crypto_none', 'none1.c')\nlibssl_lib = static_library('ssl_none', 'none2.c')\n`,
  },
  nlohmann_json: { build: `nlohmann_json_dep = dependency('nlohmann_json')\n` },
  libuv: {
    build: `libuv_dep = dependency('libuv')\nlibuv = static_library('uv_none', 'none1.c')\n`,
    options: `option('build_tests', type: 'boolean', value: false)\noption('build_benchmarks', type: 'boolean', value: false)\n`,
  },
  libsrtp2: {
    build: `libsrtp2_dep = declare_dependency(dependencies: dependency('libsrtp2'), compile_args: ['-I/usr/include/srtp2'])\nlibsrtp2 = static_library('srtp_none', 'none1.c')\n`,
    options: `option('crypto-library', type: 'string', value: 'openssl')\noption('crypto-library-kdf', type: 'string', value: 'disabled')\noption('tests', type: 'string', value: 'disabled')\n`,
  },
  usrsctp: {
    build: `usrsctp_dep = dependency('usrsctp')\nusrsctp = static_library('sctp_none', 'none1.c')\n`,
    options: `option('sctp_build_programs', type: 'boolean', value: false)\n`,
  },
  'abseil-cpp': {
    languages: `'cpp', 'c'`,
    build: [
      `absl_container_dep = declare_dependency(dependencies: [dependency('absl_flat_hash_map'), dependency('absl_flat_hash_set'), dependency('absl_inlined_vector')])`,
      `absl_strings_dep = dependency('absl_strings')`,
      `absl_types_dep = declare_dependency(dependencies: [dependency('absl_optional'), dependency('absl_bad_optional_access')])`,
      `absl_container_lib = static_library('absl_none', 'none1.c')`,
      '',
    ].join('\n'),
  },
  catch2: { build: `catch2_dep = declare_dependency()\ncatch2_with_main_dep = declare_dependency()\n` },
};

/** Makes sure that a media worker is there: named, kept from before, downloaded where that works, or built. */
export async function provideMediaWorker() {
  if (process.env.DCE_MEDIASOUP_WORKER_BIN) {
    if (existsSync(process.env.DCE_MEDIASOUP_WORKER_BIN)) return;
    fail(`DCE_MEDIASOUP_WORKER_BIN names ${process.env.DCE_MEDIASOUP_WORKER_BIN}, which is not there`);
  }
  const version = JSON.parse(readFileSync(join(ROOT, 'node_modules/mediasoup/package.json'), 'utf8')).version;
  const folder = join(CACHE, NAME);
  const key = `${version}-${process.platform}-${process.arch}`;
  const kept =
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith(key) && existsSync(join(folder, name, NAME)));
  if (kept) return;
  if (!process.env.DCE_MEDIASOUP_BUILD && (await download(version, join(folder, `${key}-prebuilt`)))) return;
  await build(join(folder, key));
}

/** The project's own prebuilt binary, where it can be reached; one short try. */
async function download(version, target) {
  const shown = 'looking for a prebuilt media worker';
  say(shown);
  const { repository } = JSON.parse(readFileSync(join(ROOT, 'node_modules/mediasoup/package.json'), 'utf8'));
  const releases = `${repository.url.replace(/^git\+|\.git$/g, '')}/releases/download`;
  const url = `${releases}/${version}/mediasoup-worker-${version}-${process.platform}-${process.arch}.tgz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) });
    if (!response.ok) return false;
    mkdirSync(target, { recursive: true });
    const archive = join(target, 'worker.tgz');
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    const unpacked = await run('tar', ['-xzf', archive, '-C', target]);
    rmSync(archive);
    const works = unpacked.code === 0 && existsSync(join(target, NAME)) && (await runs(join(target, NAME)));
    if (!works) rmSync(target, { recursive: true, force: true });
    return works;
  } catch {
    return false;
  }
}

/** The worker refuses to run by hand, but says so itself: then it can be loaded at all. */
async function runs(binary) {
  chmodSync(binary, 0o755);
  const { output } = await run(binary, []);
  return output.includes('you don');
}

/** Builds it from the sources in the package, with Debian's compiler and libraries. */
async function build(target) {
  await installDebian([...TOOLS, ...LIBRARIES], 'to build the media worker');
  const work = join(
    tmpdir(),
    `dce-${NAME}-${createHash('sha256').update(target).digest('hex').slice(0, 8)}-${process.pid}`,
  );
  const log = join(CACHE, `${NAME}.log`);
  mkdirSync(CACHE, { recursive: true });
  const shown = progress('building the media worker (once per machine, about 6 minutes)');
  try {
    prepare(work);
    let result = await run('meson', ['setup', 'out', '--buildtype', 'release', '-Db_ndebug=true'], {
      cwd: work,
    });
    if (result.code === 0) {
      result = await run('ninja', ['-C', 'out', NAME], {
        cwd: work,
        onLine: (line) => {
          const step = /^\[(\d+\/\d+)\]/.exec(line);
          if (step) shown.update(`[${step[1]}]`);
        },
      });
    }
    if (result.code !== 0) {
      writeFileSync(log, result.output);
      fail(`the media worker could not be built: see ${log}`);
    }
    mkdirSync(target, { recursive: true });
    copyFileSync(join(work, 'out', NAME), join(target, `${NAME}.new`));
    chmodSync(join(target, `${NAME}.new`), 0o755);
    renameSync(join(target, `${NAME}.new`), join(target, NAME));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  shown.done();
}

/** A copy of the sources whose bundled libraries are replaced by the system's. */
function prepare(work) {
  rmSync(work, { recursive: true, force: true });
  cpSync(join(ROOT, 'node_modules/mediasoup/worker'), work, { recursive: true });
  for (const file of readdirSync(join(work, 'subprojects'))) {
    if (file.endsWith('.wrap')) rmSync(join(work, 'subprojects', file));
  }
  for (const [name, { build: text, options, languages = `'c'` }] of Object.entries(SUBPROJECTS)) {
    const folder = join(work, 'subprojects', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'meson.build'), `project('${name}', ${languages})\n${text}`);
    writeFileSync(join(folder, 'none1.c'), `int dce_none_1_${name.replace(/\W/g, '_')};\n`);
    writeFileSync(join(folder, 'none2.c'), `int dce_none_2_${name.replace(/\W/g, '_')};\n`);
    if (options) writeFileSync(join(folder, 'meson_options.txt'), options);
  }
  const main = join(work, 'meson.build');
  writeFileSync(
    main,
    readFileSync(main, 'utf8').replace(/meson_version: '>= [\d.]+'/, `meson_version: '>= 1.0.0'`),
  );
}
