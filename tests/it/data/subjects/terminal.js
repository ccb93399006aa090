// A host of terminals, made with the library node-pty: ROWS COLUMNS PROGRAM ARGUMENT…
const pty = require('@lydell/node-pty');

const [rows, cols, file, ...args] = process.argv.slice(2);
const terminal = pty.spawn(file, args, { rows: +rows, cols: +cols, encoding: null });
terminal.onData(data => process.stdout.write(data));
process.stdin.on('data', data => terminal.write(data));
process.stdin.on('end', () => terminal.kill());
terminal.onExit(({ exitCode, signal }) => {
  process.stdout.write('', () => (signal ? process.kill(process.pid, signal) : process.exit(exitCode)));
});
