// As much of WASI preview 1 as a guest of the benches needs, for JavaScript's own WebAssembly engine.

const SUCCESS = 0;
const BADF = 8;

/** Thrown to end the guest. */
class Exit {
  constructor(code) {
    this.code = code;
  }
}

/** Runs a compiled module with arguments; gives what it printed. Throws where it ends otherwise than well. */
export async function run(module, args) {
  const encoder = new TextEncoder();
  const texts = args.map((text) => encoder.encode(`${text}\0`));
  let printed = "";
  let memory;
  const view = () => new DataView(memory.buffer);
  const wasi = {
    args_sizes_get(count, bytes) {
      view().setUint32(count, texts.length, true);
      view().setUint32(bytes, texts.reduce((sum, text) => sum + text.length, 0), true);
      return SUCCESS;
    },
    args_get(pointers, at) {
      for (const [index, text] of texts.entries()) {
        view().setUint32(pointers + 4 * index, at, true);
        new Uint8Array(memory.buffer).set(text, at);
        at += text.length;
      }
      return SUCCESS;
    },
    environ_sizes_get(count, bytes) {
      view().setUint32(count, 0, true);
      view().setUint32(bytes, 0, true);
      return SUCCESS;
    },
    environ_get: () => SUCCESS,
    clock_time_get(_id, _precision, at) {
      view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return SUCCESS;
    },
    random_get(at, length) {
      crypto.getRandomValues(new Uint8Array(memory.buffer, at, length));
      return SUCCESS;
    },
    fd_write(fd, buffers, count, written) {
      if (fd !== 1 && fd !== 2) return BADF;
      let bytes = 0;
      for (let index = 0; index < count; index++) {
        const [at, length] = [0, 4].map((offset) => view().getUint32(buffers + 8 * index + offset, true));
        printed += new TextDecoder().decode(new Uint8Array(memory.buffer, at, length));
        bytes += length;
      }
      view().setUint32(written, bytes, true);
      return SUCCESS;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
  };
  // What else the guest's library links, it does not call.
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, wasi[name] ?? (() => BADF)]));
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
  memory = instance.exports.memory;
  try {
    instance.exports._start();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    if (error.code !== 0) throw new Error(`exit code ${error.code}: ${printed}`);
  }
  return printed;
}
