window.YTD.tweets.part0 = [
  { "tweet" : { "full_text" : "a post, not a message", "id" : "1" } }
]
