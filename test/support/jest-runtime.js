'use strict';

const { Script } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/**
 * Jest gives each test file modules of its own, and compiles them anew for each. Most of the time
 * that a file takes to start is that, so here what a worker has compiled serves all its files: the
 * code is shared, the modules are not.
 */
const compiled = new Map();
const texts = new Map();

module.exports = class extends Runtime {
  constructor(...args) {
    super(...args);
    const { executor, fileCache } = this;
    const compile = executor.compile.bind(executor);
    executor.compile = (source, filename) => {
      const context = this._environment.getVmContext();
      // Names and errors are Jest's matter.
      if (context == null || this._resolution.isCoreModule(filename)) return compile(source, filename);
      const known = compiled.get(filename);
      if (known?.source === source) return known.script.runInContext(context);
      const start = `(function(${executor.injectedModuleParameters.join()}){`;
      let script;
      try {
        script = new Script(`${start}${source}\n})`, { filename, columnOffset: -start.length });
      } catch {
        return compile(source, filename);
      }
      compiled.set(filename, { source, script });
      return script.runInContext(context);
    };
    const readFile = fileCache.readFile.bind(fileCache);
    // Packages stay as they are while tests run.
    fileCache.readFile = (filename) => {
      if (!filename.includes('/node_modules/')) return readFile(filename);
      let text = texts.get(filename);
      if (text === undefined) texts.set(filename, (text = readFile(filename)));
      return text;
    };
  }
};
