import os, sys
def f( x ): return os.path.join( x,sys.argv [0])
