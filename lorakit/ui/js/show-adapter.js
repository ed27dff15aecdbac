() => setTimeout(() => {
  const view = document.querySelector('.adapter-open');
  const top = view && view.offsetParent ? view.getBoundingClientRect().top : 0;
  if (top > innerHeight * .8 || top < 0) view.scrollIntoView({behavior: 'smooth'});
}, 150)
