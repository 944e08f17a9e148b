console.log("backend");
