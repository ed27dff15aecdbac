kept => ({...kept, ...window.lorakitMix})
