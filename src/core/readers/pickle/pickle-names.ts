/** Modules that Python 3 has under another name; unpickling maps them before it imports (`fix_imports`). */
const PYTHON2_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['cPickle', 'pickle'],
  ['commands', 'subprocess'],
  ['exceptions', 'builtins'],
  ['StringIO', 'io'],
  ['cStringIO', 'io'],
  ['thread', '_thread'],
  ['urllib2', 'urllib.request'],
  ['urllib', 'urllib.request'],
  ['httplib', 'http.client'],
  ['Queue', 'queue'],
  ['UserDict', 'collections'],
  ['SocketServer', 'socketserver'],
  ['xmlrpclib', 'xmlrpc.client'],
  ['dummy_thread', '_dummy_thread'],
  ['__main__', '__main__'],
]);
const PYTHON2_NAMES: ReadonlyMap<string, string> = new Map([
  ['builtins.unicode', 'str'],
  ['builtins.long', 'int'],
  ['builtins.xrange', 'range'],
  ['builtins.unichr', 'chr'],
  ['builtins.intern', 'intern'],
]);

/** A global as Python 3 would look it up. */
export function modernName(module: string, name: string): { module: string; name: string } {
  const modern = PYTHON2_MODULES.get(module) ?? module;
  return { module: modern, name: PYTHON2_NAMES.get(`${modern}.${name}`) ?? name };
}
