# A server of terminals, made with the library terminado: PORT
import sys

import tornado.ioloop
import tornado.web
from terminado import TermSocket, UniqueTermManager

manager = UniqueTermManager(shell_command=["/bin/sh"])
application = tornado.web.Application([(r"/ws", TermSocket, {"term_manager": manager})])
application.listen(int(sys.argv[1]), "127.0.0.1")
tornado.ioloop.IOLoop.current().start()
