"""`python -m lorakit.starter.build`"""

from lorakit.starter.build.everything import main

main()
