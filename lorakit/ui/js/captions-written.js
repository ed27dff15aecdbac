(_, written) => [window.lorakitCaptions, written]
