# A host of terminals, made with the library ptyprocess: ROWS COLUMNS PROGRAM ARGUMENT…
import os
import select
import sys

from ptyprocess import PtyProcess

terminal = PtyProcess.spawn(sys.argv[3:], dimensions=(int(sys.argv[1]), int(sys.argv[2])))


def show(data):
    while data:
        data = data[os.write(1, data):]


def type_in(data):
    while data:
        readable, writable, _ = select.select([terminal.fd], [terminal.fd], [])
        if readable:
            show(os.read(terminal.fd, 65536))
        if writable:
            data = data[os.write(terminal.fd, data[:1024]):]


try:
    while True:
        readable, _, _ = select.select([terminal.fd, 0], [], [])
        if terminal.fd in readable:
            show(os.read(terminal.fd, 65536))
        elif not (data := os.read(0, 65536)):
            terminal.close(force=True)
            break
        else:
            type_in(data)
except OSError:
    pass
terminal.wait()
if terminal.signalstatus:
    os.kill(os.getpid(), terminal.signalstatus)
sys.exit(terminal.exitstatus or 0)
