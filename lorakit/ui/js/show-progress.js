() => {
  const view = [...document.querySelectorAll('.progress-view')].find(view => view.offsetParent);
  if (view && view.getBoundingClientRect().top > innerHeight) view.scrollIntoView({behavior: 'smooth'});
}
