window.YTD.account.part0 = [
  {
    "account" : {
      "email" : "mira@example.org",
      "createdVia" : "web",
      "username" : "mira_k",
      "accountId" : "22",
      "createdAt" : "2012-01-01T10:00:00.000Z",
      "accountDisplayName" : "Mira K."
    }
  }
]
