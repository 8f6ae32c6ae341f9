window.__THAR_CONFIG = {
  "userInfo" : {
    "accountId" : "22",
    "userName" : "mira_k",
    "displayName" : "Mira K."
  },
  "archiveInfo" : { "sizeBytes" : "1000" }
}
