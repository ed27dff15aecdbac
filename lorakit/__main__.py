from lorakit.terminal.cli import main

raise SystemExit(main())
